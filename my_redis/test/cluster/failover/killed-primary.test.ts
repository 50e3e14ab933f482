import { afterEach, expect, test } from "bun:test";
import { waitUntil } from "../../../../tools/test-services/index.ts";
import { RegisterWriter } from "../crash/register-writer.ts";
import { RingOfProcesses } from "../crash/ring-of-processes.ts";
import { digestOf, untilSameData } from "./same-data.ts";

const testTimeoutMs = 60_000;
const directives = {
  "cluster-node-timeout": "600",
  "cluster-acknowledgement": "replica",
  "enable-debug-command": "local",
};
const writerCount = 8;

let ring: RingOfProcesses;

afterEach(() => ring.stop());

/** The node that leads the ring, as another node says. */
async function leaderOf(node: number): Promise<number> {
  const name = (await ring.info(node))?.get("cluster_leader");
  return ring.ports.findIndex((port) => name === `127.0.0.1:${port}`);
}

/** Writers that use all nodes but those that are stopped. */
class Writers {
  readonly writers: readonly RegisterWriter[];
  readonly #running: Promise<unknown>;
  readonly #troubles = new Map<number, number>();

  constructor() {
    const names = Array.from({ length: writerCount }, (_, number) => `writer${number}`);
    this.writers = names.map(
      (name) =>
        new RegisterWriter(
          name,
          () => ring.ports,
          (port) => this.#troubles.get(port) ?? 0,
        ),
    );
    this.#running = Promise.all(this.writers.map((writer) => writer.run()));
  }

  get acknowledged(): number {
    return this.writers.reduce((sum, writer) => sum + writer.acknowledgedWrites, 0);
  }

  /** A node is stopped, or goes on. */
  turn(node: number): void {
    const port = ring.ports[node] as number;
    this.#troubles.set(port, (this.#troubles.get(port) ?? 0) + 1);
  }

  async untilMore(count: number): Promise<void> {
    const goal = this.acknowledged + count;
    while (this.acknowledged < goal) await Bun.sleep(10);
  }

  async stop(): Promise<void> {
    for (const writer of this.writers) writer.stop();
    await this.#running;
  }

  async violations(node: number): Promise<readonly string[]> {
    const reader = await ring.connect(node);
    for (const writer of this.writers) await writer.verify(reader);
    reader.close();
    return this.writers.flatMap(({ violations }) => violations);
  }
}

test(
  "no acknowledged write is lost when primaries are killed, and a killed one comes back as a replica with the same data",
  async () => {
    ring = await RingOfProcesses.start(2, directives, 1);
    const writers = new Writers();
    try {
      await writers.untilMore(300);
      for (const seat of [0, 1]) {
        writers.turn(seat);
        await ring.kill(seat, "SIGKILL");
        const next = await ring.untilMoved(seat, seat);
        expect(next).toBe(seat + 2);
        await writers.untilMore(300);
        await ring.startNode(seat);
        writers.turn(seat);
        await ring.untilInSync(seat);
        expect((await ring.info(seat))?.get("cluster_seat_role")).toBe("replica");
        await writers.untilMore(100);
      }
      // The node that leads the ring may be the primary of a place as well, or a replica.
      const leader = await leaderOf(1);
      writers.turn(leader);
      await ring.kill(leader, "SIGKILL");
      await waitUntil(async () => (await leaderOf((leader + 1) % 4).catch(() => leader)) !== leader, {
        what: "another leader",
        timeoutMs: 30_000,
      });
      await writers.untilMore(300);
      await ring.startNode(leader);
      writers.turn(leader);
      for (const seat of [0, 1]) await ring.untilInSync(seat);
    } finally {
      await writers.stop();
    }
    expect(await writers.violations(0)).toEqual([]);
    for (const seat of [0, 1]) await untilSameData(ring, seat, seat + 2);
    expect(await digestOf(ring, 0)).not.toBe(await digestOf(ring, 1));
  },
  testTimeoutMs,
);
