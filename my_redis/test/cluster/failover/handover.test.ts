import { afterEach, expect, test } from "bun:test";
import { waitUntil } from "../../../../tools/test-services/index.ts";
import { RingOfProcesses } from "../crash/ring-of-processes.ts";

// Long enough that no node counts as gone while the machine is busy.
const nodeTimeoutMs = 3000;
let ring: RingOfProcesses;

afterEach(() => ring?.stop());

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

/** Waits until each client has counted so many times more. */
async function untilCounted(counters: readonly Counter[], times: number): Promise<void> {
  const before = counters.map(({ count }) => count);
  const haveCounted = async (): Promise<boolean> => {
    expect(counters.flatMap(({ errors }) => errors)).toEqual([]);
    return counters.every(({ count }, at) => count > (before[at] as number) + times);
  };
  await waitUntil(haveCounted, { what: `all clients to count ${times} times more`, timeoutMs: 10_000 });
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
      await untilCounted(counters, 20);
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

test("SHUTDOWN hands over first: clients of other nodes wait a moment, and the node that ends comes back as a replica", async () => {
  ring = await RingOfProcesses.start(2, { "cluster-node-timeout": `${nodeTimeoutMs}` }, 1);
  const keys = keysOf(3);
  const counters = [1, 2, 3].map((node, at) => new Counter(node, keys[at] as string));
  await untilCounted(counters, 50);
  const primary = await ring.connect(0);
  primary.send(["SHUTDOWN"]);
  expect(await ring.untilMoved(0, 0)).toBe(2);
  expect((await primary.nextOrClosed()).text).toBe("(closed)");
  await untilCounted(counters, 50);
  await Promise.all(counters.map((counter) => counter.end()));
  expect(counters.flatMap(({ errors }) => errors)).toEqual([]);
  // Less than it takes to notice that a primary is gone.
  expect(Math.max(...counters.map(({ longestMs }) => longestMs))).toBeLessThan(nodeTimeoutMs / 2);
  await ring.processes[0]?.process.stop();
  await ring.startNode(0);
  await ring.untilInSync(0);
  expect(await ring.primaryOf(0)).toBe(2);
  primary.close();
}, 60_000);

test("a handover that cannot be done is refused with a reason", async () => {
  ring = await RingOfProcesses.start(1, { "cluster-node-timeout": `${nodeTimeoutMs}` }, 2);
  const [primary, replica] = [await ring.connect(0), await ring.connect(1)];
  const textOf = async (connection: typeof primary, ...words: string[]): Promise<string | null | undefined> =>
    (await connection.reply("CLUSTER", "FAILOVER", ...words)).text;
  expect(await textOf(primary)).toBe("ERR You should send CLUSTER FAILOVER to a replica");
  expect(await textOf(replica, "SOON")).toBe("ERR syntax error");
  for (const word of ["FORCE", "TAKEOVER"]) {
    expect(await textOf(replica, word)).toMatch(
      /^ERR the primary 127.0.0.1:\d+ answers: CLUSTER FAILOVER without an option/,
    );
  }
  await ring.kill(0, "SIGKILL");
  await waitUntil(async () => (await textOf(replica))?.startsWith("ERR there is no link to the primary") === true, {
    what: "a refusal",
    timeoutMs: 10_000,
  });
  primary.close();
  replica.close();
}, 60_000);
