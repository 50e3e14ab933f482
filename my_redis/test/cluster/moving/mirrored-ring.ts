import { freePorts, temporaryFolder } from "../../../../tools/test-services/index.ts";
import { type MyRedisProcess, startMyRedis } from "../../crash/my-redis-process.ts";
import { RespConnection } from "../../differential/harness/resp-connection.ts";
import { hashSlot } from "../../../src/cluster/hash-slot.ts";
import type { RingOfProcesses } from "../crash/ring-of-processes.ts";
import { describe, MirroredWriter } from "./mirrored-writer.ts";
import { startMovingRing } from "./moving-ring.ts";

function slotOf(key: string): number {
  const bytes = Buffer.from(key, "latin1");
  return hashSlot(bytes, 0, bytes.length);
}

/** For each slot the port of the node that serves it. */
async function ownersOf(connection: RespConnection): Promise<readonly number[]> {
  const owners: number[] = [];
  for (const { items } of (await connection.reply("CLUSTER", "SLOTS")).items ?? []) {
    const [start, end, primary] = items ?? [];
    for (let slot = Number(start?.text); slot <= Number(end?.text); slot++) {
      owners[slot] = Number(primary?.items?.[1]?.text);
    }
  }
  return owners;
}

/** A ring, and one server that gets the same writes. */
export class MirroredRing {
  readonly ring: RingOfProcesses;
  readonly #model: MyRedisProcess;
  readonly #modelPort: number;
  readonly #writers: readonly MirroredWriter[];
  readonly #connections: readonly RespConnection[];

  private constructor(
    ring: RingOfProcesses,
    model: { readonly process: MyRedisProcess; readonly port: number },
    writers: readonly MirroredWriter[],
    connections: readonly RespConnection[],
  ) {
    this.ring = ring;
    this.#model = model.process;
    this.#modelPort = model.port;
    this.#writers = writers;
    this.#connections = connections;
  }

  /** One writer for each of these nodes; without them, for all. */
  static async start(
    seats: number,
    replicas: number,
    given: { readonly nodes?: readonly number[]; readonly directives?: Readonly<Record<string, string>> } = {},
  ): Promise<MirroredRing> {
    const [port] = (await freePorts(1)) as [number];
    const directives = { bind: "127.0.0.1", port: `${port}`, "enable-debug-command": "yes", save: "" };
    const [ring, process] = await Promise.all([
      startMovingRing(seats, replicas, given.directives),
      startMyRedis(temporaryFolder("model"), directives),
    ]);
    const writers: MirroredWriter[] = [];
    const connections: RespConnection[] = [];
    for (const node of given.nodes ?? ring.ports.keys()) {
      const pair = await Promise.all([ring.connect(node), RespConnection.open(port, "the model")]);
      connections.push(...pair);
      writers.push(new MirroredWriter(`w${node}`, ...pair, node + 1));
    }
    return new MirroredRing(ring, { process, port }, writers, connections);
  }

  /** Writes so much by each writer. */
  async fill(count: number): Promise<void> {
    await Promise.all(
      this.#writers.map(async (writer) => {
        for (let number = 0; number < count; number++) await writer.write();
      }),
    );
  }

  begin(): void {
    for (const writer of this.#writers) writer.begin();
  }

  get written(): number {
    return this.#writers.reduce((sum, { written }) => sum + written, 0);
  }

  get longestMs(): number {
    return Math.round(Math.max(...this.#writers.map(({ longestMs }) => longestMs)));
  }

  /** Ends the writing, and gives what differs: in a reply, or in the data at the end. */
  async differences(node = 0): Promise<readonly string[]> {
    await Promise.all(this.#writers.map((writer) => writer.stop()));
    const replies = this.#writers.flatMap((writer) => writer.differences);
    if (replies.length > 0) return replies;
    const ring = await this.ring.connect(node);
    const model = await RespConnection.open(this.#modelPort, "the model");
    const owners = await ownersOf(ring);
    const places = new Map<number, RespConnection>();
    for (const port of new Set(owners)) places.set(port, await RespConnection.open(port, `the owner ${port}`));
    const ours = await describe(ring, (key) => places.get(owners[slotOf(key)] as number) as RespConnection);
    const theirs = await describe(model, () => model);
    for (const connection of [ring, model, ...places.values()]) connection.close();
    const names = [...new Set([...ours.keys(), ...theirs.keys()])];
    const differing = names.filter((name) => ours.get(name) !== theirs.get(name));
    return differing.map((name) => `${name}: ${ours.get(name) ?? "missing"}, and not ${theirs.get(name) ?? "missing"}`);
  }

  async stop(): Promise<void> {
    for (const connection of this.#connections) connection.close();
    await Promise.all([this.ring.stop(), this.#model.process.stop()]);
  }
}
