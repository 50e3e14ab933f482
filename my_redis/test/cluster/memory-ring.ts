import { freePorts, waitUntil } from "../../../tools/test-services/index.ts";
import { type OpenServer, startOpenServer, type StartOptions } from "../../src/start-server.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";

/** Nodes of one ring, in this process and without files. */
export interface MemoryRing {
  readonly names: readonly string[];
  readonly nodes: readonly OpenServer[];
  readonly ports: readonly number[];
  connect(node: number): Promise<RespConnection>;
  close(): Promise<void>;
}

/** Starts a ring, and waits until all nodes are connected. */
export async function startMemoryRing(count: number, options: StartOptions = {}): Promise<MemoryRing> {
  const ports = await freePorts(count);
  const names = ports.map((port) => `127.0.0.1:${port}`);
  const nodes: OpenServer[] = [];
  for (const [index, port] of ports.entries()) {
    nodes.push(
      await startOpenServer({
        bind: ["127.0.0.1"],
        memory: true,
        port,
        self: names[index] as string,
        peers: names,
        ...options,
      }),
    );
  }
  const connect = (node: number): Promise<RespConnection> =>
    RespConnection.open(ports[node] as number, names[node] as string);
  const ring: MemoryRing = {
    names,
    nodes,
    ports,
    connect,
    close: async () => {
      await Promise.all(nodes.map((node) => node.close()));
    },
  };
  for (const node of nodes.keys()) await waitUntilWhole(ring, node);
  return ring;
}

async function waitUntilWhole(ring: MemoryRing, node: number): Promise<void> {
  const connection = await ring.connect(node);
  await waitUntil(async () => (await connection.reply("DBSIZE")).text === "0", {
    what: "a whole ring",
    timeoutMs: 10_000,
  });
  connection.close();
}
