import { freePorts, temporaryFolder, waitUntil } from "../../../../tools/test-services/index.ts";
import type { Environment } from "../../../src/environment.ts";
import { type OpenServer, startOpenServer } from "../../../src/start-server.ts";
import { RespConnection } from "../../differential/harness/resp-connection.ts";

/** Three nodes of one place in this process: what they send each other can be lost on purpose. */
export class RingInProcess {
  readonly nodes: OpenServer[] = [];
  readonly folders: readonly string[];
  readonly #ports: readonly number[];
  readonly #directives: Readonly<Record<string, string>>;

  private constructor(ports: readonly number[], directives: Readonly<Record<string, string>>) {
    this.#ports = ports;
    this.#directives = directives;
    this.folders = ports.map(() => temporaryFolder("ring-in-process"));
  }

  static async start(
    directives: Readonly<Record<string, string>> = {},
    environment: Partial<Environment> = {},
  ): Promise<RingInProcess> {
    const ring = new RingInProcess(await freePorts(3), directives);
    for (const node of ring.#ports.keys()) await ring.startNode(node, environment);
    await ring.untilInSync();
    return ring;
  }

  async startNode(node: number, environment: Partial<Environment> = {}): Promise<void> {
    const names = this.#ports.map((port) => `127.0.0.1:${port}`);
    this.nodes[node] = await startOpenServer({
      ...{ bind: "127.0.0.1", port: this.#ports[node] as number, dir: this.folders[node] as string },
      ...{ appendonly: "yes", save: "", self: names[node] as string, peers: names.join(" ") },
      ...{ "cluster-replicas": names.join(" "), "cluster-acknowledgement": "replica", "cluster-node-timeout": "600" },
      ...this.#directives,
      environment,
    });
  }

  untilInSync(): Promise<void> {
    return this.until("to be in sync", () => this.statusOf(this.primary)?.inSync.length === this.#ports.length);
  }

  clusterOf(node: number) {
    return (this.nodes[node] as OpenServer).server.parts.cluster!;
  }

  statusOf(node: number) {
    return this.nodes[node] === undefined ? undefined : this.clusterOf(node).seat?.status;
  }

  /** The node that serves the place with a lease; -1 while none does. */
  get primary(): number {
    return this.nodes.findIndex((_, node) => (this.statusOf(node)?.leaseLeftMs ?? 0) > 0);
  }

  until(what: string, check: () => boolean): Promise<void> {
    return waitUntil(async () => check(), { what: `the ring ${what}`, timeoutMs: 20_000, intervalMs: 5 });
  }

  /** The others hear nothing of the agreement from this node any more. Requests and replies pass as before. */
  silence(node: number): void {
    for (const link of this.clusterOf(node).links) if (link !== undefined) link.notify = () => {};
  }

  /** Has another node serve the place, and waits until all nodes know of it. */
  async handOver(to: number): Promise<void> {
    await this.untilInSync();
    // On a busy machine a lease may end for a moment.
    await this.until("to be served", () => this.primary >= 0);
    if (this.primary === to) return;
    const connection = await this.connect(to);
    const { text } = await connection.reply("CLUSTER", "FAILOVER");
    connection.close();
    if (text !== "OK") throw new Error(`no node hands over: ${text}`);
    await this.until("to be handed over", () =>
      this.nodes.every((_, node) => this.clusterOf(node).members.primaries[0] === to),
    );
    await this.until("to be served", () => this.primary === to);
  }

  connect(node: number): Promise<RespConnection> {
    return RespConnection.open(this.#ports[node] as number, `node ${node}`);
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.close()));
  }
}
