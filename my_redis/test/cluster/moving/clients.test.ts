import { afterEach, expect, test } from "bun:test";
import { Cluster, Redis } from "ioredis";
import { hashSlot } from "../../../src/cluster/hash-slot.ts";
import { type Reply, showReply } from "../../differential/harness/reply.ts";
import type { RingOfProcesses } from "../crash/ring-of-processes.ts";
import { CountingWriter } from "./counting-writer.ts";
import { changeRing, startMovingRing, untilMoved, weightsOf } from "./moving-ring.ts";

let ring: RingOfProcesses;

afterEach(() => ring.stop());

const testTimeoutMs = 60_000;

/** Does something again and again until `isOver`, and gives what has gone wrong. */
async function repeated(
  isOver: () => boolean,
  once: (number: number) => Promise<string | undefined>,
): Promise<string[]> {
  const problems: string[] = [];
  for (let number = 0; !isOver() && problems.length < 5; number++) {
    const problem = await once(number).catch((error: unknown) => String(error));
    if (problem !== undefined) problems.push(problem);
  }
  return problems;
}

test(
  "no client sees an error while slots move: plain clients at every node, pipelines, transactions, scripts, and a cluster client",
  async () => {
    ring = await startMovingRing(2, 1);
    const writers = ring.ports.map((port, node) => new CountingWriter(`w${node}`, port, 300));
    for (const writer of writers) writer.begin();
    let over = false;
    const isOver = (): boolean => over;
    const cluster = new Cluster([{ host: "127.0.0.1", port: ring.ports[0] as number }]);
    const plain = new Redis({ host: "127.0.0.1", port: ring.ports[1] as number });
    const work = [
      repeated(isOver, async (number) => {
        const key = `cluster:${number % 500}`;
        const before = Number(await cluster.get(key));
        return (await cluster.incr(key)) === before + 1 ? undefined : `${key} was ${before}`;
      }),
      repeated(isOver, async (number) => {
        const pipeline = plain.pipeline();
        for (let at = 0; at < 20; at++) pipeline.incr(`pipelined:${at * 17}`);
        const replies = (await pipeline.exec()) ?? [];
        const wrong = replies.find(([error, value]) => error !== null || value !== number + 1);
        return wrong === undefined ? undefined : `round ${number}: ${String(wrong)}`;
      }),
      repeated(isOver, async (number) => {
        const tag = `{t${number % 300}}`;
        const replies = await plain.multi().incr(`${tag}a`).incr(`${tag}b`).exec();
        const [one, other] = replies ?? [];
        return one?.[0] === null && one[1] === other?.[1] ? undefined : `${tag}: ${JSON.stringify(replies)}`;
      }),
      repeated(isOver, async (number) => {
        const tag = `{s${number % 300}}`;
        const script = "return {redis.call('INCR', KEYS[1]), redis.call('INCR', KEYS[2])}";
        const [one, other] = (await plain.eval(script, 2, `${tag}a`, `${tag}b`)) as number[];
        return one === other ? undefined : `${tag}: ${one} and ${other}`;
      }),
    ];
    for (const [first, second] of [
      [3, 1],
      [1, 1],
    ] as const) {
      const version = await changeRing(ring, weightsOf(ring, first, second));
      await untilMoved(ring, version);
    }
    over = true;
    for (const problems of await Promise.all(work)) expect(problems).toEqual([]);
    const connection = await ring.connect(3);
    for (const writer of writers) {
      await writer.stop();
      expect(writer.errors).toEqual([]);
      expect(await writer.problems(connection)).toEqual([]);
    }
    connection.close();
    cluster.disconnect();
    plain.disconnect();
  },
  testTimeoutMs,
);

test(
  "MGET, EXISTS and UNLINK of keys of all nodes find them while their slots move",
  async () => {
    ring = await startMovingRing(2, 1);
    const client = new Redis({ host: "127.0.0.1", port: ring.ports[1] as number });
    const keys = Array.from({ length: 200 }, (_, number) => `many:${number}`);
    for (const key of keys) await client.set(key, key);
    let over = false;
    const problems = repeated(
      () => over,
      async (number) => {
        const values = await client.mget(...keys);
        const wrong = values.findIndex((value, at) => value !== keys[at]);
        if (wrong >= 0) return `${keys[wrong]} is ${values[wrong]}`;
        const there = await client.exists(...keys);
        if (there !== keys.length) return `${there} keys exist`;
        const passing = keys.map((key) => `${key}:${number}`);
        for (const key of passing.slice(0, 20)) await client.set(key, "x");
        const removed = await client.unlink(...passing);
        return removed === 20 ? undefined : `${removed} keys were removed`;
      },
    );
    for (const weights of [
      [3, 1],
      [1, 1],
    ]) {
      const version = await changeRing(ring, weightsOf(ring, ...weights));
      await untilMoved(ring, version);
    }
    over = true;
    expect(await problems).toEqual([]);
    client.disconnect();
  },
  testTimeoutMs,
);

test(
  "a flush in the middle of moves removes what was there before, and nothing else",
  async () => {
    ring = await startMovingRing(2, 1);
    const client = new Redis({ host: "127.0.0.1", port: ring.ports[1] as number });
    const keys = Array.from({ length: 100 }, (_, number) => `flushed:${number}`);
    let over = false;
    const problems = repeated(
      () => over,
      async (number) => {
        await Promise.all(keys.map((key) => client.append(key, `${number}`)));
        const values = await client.mget(...keys);
        if (!values.every((value) => value === `${number}`)) return `round ${number}: ${values.join(" ")}`;
        await (number % 2 === 0 ? client.flushall() : client.flushdb());
        const left = await client.exists(...keys);
        return left === 0 ? undefined : `${left} keys are left`;
      },
    );
    for (const weights of [
      [3, 1],
      [1, 1],
    ]) {
      const version = await changeRing(ring, weightsOf(ring, ...weights));
      await untilMoved(ring, version);
    }
    over = true;
    expect(await problems).toEqual([]);
    client.disconnect();
  },
  testTimeoutMs,
);

test(
  "a node lists no key that belongs to another one, before, while and after it moves",
  async () => {
    ring = await startMovingRing(2, 1, { "cluster-routing": "redirect" });
    const nodes = await Promise.all([0, 1].map((node) => ring.connect(node)));
    const keys = Array.from({ length: 4000 }, (_, number) => `listed:${number}`);
    for (const key of keys) await nodes[ring.ownerOf(key)]!.reply("SET", key, "x".repeat(300));
    let over = false;
    let lists = 0;
    const watched = nodes.map((connection, node) =>
      repeated(
        () => over,
        async () => {
          const [before, list, size, after] = await connection.replies([
            ["CLUSTER", "SLOTS"],
            ["KEYS", "*"],
            ["DBSIZE"],
            ["CLUSTER", "SLOTS"],
          ]);
          if (showReply(before!) !== showReply(after!)) return undefined;
          lists++;
          const isOwn = slotsOf(before!, ring.ports[node] as number);
          const own = keys.filter((key) => isOwn(slotOf(key))).length;
          const foreign = list!.items!.find(({ text }) => !isOwn(slotOf(text as string)));
          if (foreign !== undefined) return `node ${node} lists ${foreign.text}`;
          return Number(size!.text) === own && list!.items!.length === own ? undefined : `${size!.text} of ${own} keys`;
        },
      ),
    );
    for (const weights of [
      [3, 1],
      [1, 1],
    ]) {
      const version = await changeRing(ring, weightsOf(ring, ...weights));
      await untilMoved(ring, version);
    }
    over = true;
    for (const problems of await Promise.all(watched)) expect(problems).toEqual([]);
    expect(lists).toBeGreaterThan(20);
    for (const connection of nodes) connection.close();
  },
  testTimeoutMs,
);

const slotOf = (key: string): number => hashSlot(Buffer.from(key), 0, key.length);

/** Which slots a reply of CLUSTER SLOTS gives to the node with this port. */
function slotsOf({ items }: Reply, port: number): (slot: number) => boolean {
  const ranges = (items ?? []).filter(({ items: range }) => range?.[2]?.items?.[1]?.text === `${port}`);
  return (slot) =>
    ranges.some(({ items: range }) => Number(range?.[0]?.text) <= slot && slot <= Number(range?.[1]?.text));
}
