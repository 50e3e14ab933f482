import { afterEach, expect, test } from "bun:test";
import { waitUntil } from "../../../../tools/test-services/index.ts";
import { RingOfProcesses } from "../crash/ring-of-processes.ts";

const nodeTimeoutMs = 1000;
let ring: RingOfProcesses;

afterEach(() => ring.stop());

/** A client that counts up a key, again and again, and compares what it is answered. */
class Counter {
  count = 0;
  longestMs = 0;
  readonly errors: string[] = [];
  #isRunning = true;
  readonly #done: Promise<void>;

  constructor(node: number, key: string) {
    this.#done = this.#run(node, key);
  }

  async #run(node: number, key: string): Promise<void> {
    const connection = await ring.connect(node);
    while (this.#isRunning) {
      const startMs = performance.now();
      const replies = await connection.replies([
        ["INCR", key],
        ["GET", key],
      ]);
      this.longestMs = Math.max(this.longestMs, performance.now() - startMs);
      this.count++;
      for (const { sign, text } of replies) if (sign === "-" || text !== `${this.count}`) this.errors.push(text ?? "");
      if (this.errors.length > 0) break;
    }
    connection.close();
  }

  async end(): Promise<void> {
    this.#isRunning = false;
    await this.#done;
  }
}

/** A key of the first place, for each client. */
const keysOf = (count: number): string[] =>
  Array.from({ length: 1000 }, (_, number) => `counter:${number}`)
    .filter((key) => ring.ownerOf(key) === 0)
    .slice(0, count);

for (const acknowledgement of ["replica", "primary"]) {
  test(`CLUSTER FAILOVER has a primary hand over without an error or a lost write, with ${acknowledgement}`, async () => {
    const directives = { "cluster-node-timeout": `${nodeTimeoutMs}`, "cluster-acknowledgement": acknowledgement };
    ring = await RingOfProcesses.start(2, directives, 1);
    const nodes = [0, 1, 2, 3, 0, 1, 2, 3];
    const keys = keysOf(nodes.length);
    const counters = nodes.map((node, at) => new Counter(node, keys[at] as string));
    let [from, to] = [0, 2];
    for (let round = 0; round < 3; round++) {
      await ring.untilInSync(0);
      const before = counters.map(({ count }) => count);
      await waitUntil(async () => counters.every(({ count }, at) => count > (before[at] as number) + 20), {
        what: "all clients to write",
        timeoutMs: 10_000,
      });
      const replica = await ring.connect(to);
      expect((await replica.reply("CLUSTER", "FAILOVER")).text).toBe("OK");
      replica.close();
      expect(await ring.untilMoved(0, from)).toBe(to);
      [from, to] = [to, from];
    }
    await ring.untilInSync(0);
    await Promise.all(counters.map((counter) => counter.end()));
    expect(counters.flatMap(({ errors }) => errors)).toEqual([]);
    const longestMs = Math.max(...counters.map((counter) => counter.longestMs));
    console.log(`the longest wait of a client: ${longestMs.toFixed(1)} ms`);
    expect(longestMs).toBeLessThan(nodeTimeoutMs / 2);
    const reader = await ring.connect(1);
    for (const [at, { count }] of counters.entries()) {
      expect((await reader.reply("GET", keys[at] as string)).text).toBe(`${count}`);
    }
    reader.close();
  }, 60_000);
}
