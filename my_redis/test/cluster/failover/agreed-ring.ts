import { freePorts, temporaryFolder, waitUntil } from "../../../../tools/test-services/index.ts";
import type { RingStatus } from "../../../src/cluster/failover/ring-status.ts";
import { type MyRedisProcess, startMyRedis } from "../../crash/my-redis-process.ts";
import { RespConnection } from "../../differential/harness/resp-connection.ts";

/** Processes that form a ring whose members come and go. */
export class AgreedRing {
  readonly ports: readonly number[];
  readonly folders: readonly string[];
  readonly names: readonly string[];
  readonly processes: (MyRedisProcess | undefined)[] = [];
  readonly #directives: Readonly<Record<string, string>>;

  private constructor(ports: readonly number[], directives: Readonly<Record<string, string>>) {
    this.ports = ports;
    this.names = ports.map((port) => `127.0.0.1:${port}`);
    this.folders = ports.map(() => temporaryFolder("agreed-ring"));
    this.#directives = directives;
  }

  /** A ring of the first `count` nodes. The other ports are for nodes that join it. */
  static async start(
    count: number,
    spare: number,
    directives: Readonly<Record<string, string>> = {},
    /** For the first start alone. */
    atFirst: Readonly<Record<string, string>> = {},
  ): Promise<AgreedRing> {
    const ring = new AgreedRing(await freePorts(count + spare), directives);
    const names = ring.names.slice(0, count).join(" ");
    await Promise.all(ring.names.slice(0, count).map((_, node) => ring.startNode(node, { peers: names, ...atFirst })));
    if (atFirst["cluster-members"] === "fixed") await ring.untilWhole(count);
    else await ring.untilSettled(0, count);
    return ring;
  }

  /** Without other directives it knows the first node only. `before`: words of another program that starts it. */
  async startNode(
    node: number,
    directives: Readonly<Record<string, string>> = {},
    before: readonly string[] = [],
  ): Promise<void> {
    const all = {
      ...{ bind: "127.0.0.1", port: `${this.ports[node]}`, self: this.names[node] as string },
      ...{ peers: this.names[0] as string, "cluster-members": "agreed", "cluster-node-timeout": "600", save: "" },
      ...this.#directives,
      ...directives,
    };
    this.processes[node] = await startMyRedis(this.folders[node] as string, all, before);
  }

  /** Starts a node that has kept a key of its own, from before it came to the ring. Returns what it answered to the write. */
  async startWithKey(node: number): Promise<string> {
    await this.startNode(node, { "cluster-members": "fixed", peers: "" });
    const reply = await this.ask(node, "SET", "another", "value");
    await this.kill(node, "SIGTERM");
    await this.startNode(node);
    return reply;
  }

  async connect(node: number): Promise<RespConnection> {
    const connection = await RespConnection.open(this.ports[node] as number, `node ${node}`);
    const password = this.#directives["requirepass"];
    if (password !== undefined) await connection.reply("AUTH", password);
    return connection;
  }

  /** What a node answers: text, or an error. */
  async ask(node: number, ...words: [string, ...string[]]): Promise<string> {
    const connection = await this.connect(node);
    try {
      const { sign, text } = await connection.reply(...words);
      return sign === "-" ? `error: ${text}` : (text ?? "");
    } finally {
      connection.close();
    }
  }

  async status(node: number): Promise<RingStatus | undefined> {
    try {
      const text = await this.ask(node, "CLUSTER", "RING", "STATUS");
      return text.startsWith("{") ? (JSON.parse(text) as { status: RingStatus }).status : undefined;
    } catch {
      return undefined;
    }
  }

  /** Waits until the ring has so many places, all of them served, and nothing is about to change. */
  async untilSettled(node: number, places: number): Promise<RingStatus> {
    let last: RingStatus | undefined;
    await waitUntil(
      async () => {
        last = await this.status(node);
        return last?.isSettled === true && last.seats.length === places;
      },
      { what: `a settled ring of ${places}: ${JSON.stringify(last)}`, timeoutMs: 30_000, intervalMs: 30 },
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\nlast: ${JSON.stringify(last)}`);
    });
    return last as RingStatus;
  }

  /** Waits until the ring's leader says that it waits for something like that. */
  async untilWaitsFor(text: string): Promise<void> {
    const isSaid = async (): Promise<boolean> =>
      (await this.status(0))?.waitsFor.some((reason) => reason.includes(text)) === true;
    await waitUntil(isSaid, { what: `the ring to say that '${text}'`, timeoutMs: 20_000, intervalMs: 50 });
  }

  /** Waits until the nodes of a ring with fixed members are linked. */
  async untilWhole(count: number): Promise<void> {
    const isWhole = async (node: number): Promise<boolean> => (await this.ask(node, "DBSIZE")) === "0";
    for (let node = 0; node < count; node++) {
      await waitUntil(() => isWhole(node), { what: "a whole ring", timeoutMs: 20_000, intervalMs: 30 });
    }
  }

  async kill(node: number, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    await this.processes[node]?.process.kill(signal);
  }

  async stop(): Promise<void> {
    await Promise.all(this.processes.map(async (each) => each?.process.stop()));
  }
}
