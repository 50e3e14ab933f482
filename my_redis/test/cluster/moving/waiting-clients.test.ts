import { afterEach, expect, test } from "bun:test";
import { waitUntil } from "../../../../tools/test-services/index.ts";
import { hashSlot } from "../../../src/cluster/hash-slot.ts";
import type { RingOfProcesses } from "../crash/ring-of-processes.ts";
import { changeRing, seatName, startMovingRing, untilMoved, weightsOf } from "./moving-ring.ts";

let ring: RingOfProcesses;

afterEach(() => ring.stop());

const slotOf = (key: string): number => hashSlot(Buffer.from(key), 0, key.length);

interface Plan {
  readonly plan: { readonly differences: readonly { readonly start: number; readonly end: number }[] };
}

/** A key of the second place that would go to the first one, and one that would stay. */
async function keysOfSecond(): Promise<{ readonly moves: string; readonly stays: string }> {
  const connection = await ring.connect(0);
  const { text } = await connection.reply("CLUSTER", "RING", ...weightsOf(ring, 3, 1), "DRYRUN");
  connection.close();
  const { differences } = (JSON.parse(text as string) as Plan).plan;
  const isMoving = (key: string): boolean =>
    differences.some(({ start, end }) => start <= slotOf(key) && slotOf(key) <= end);
  const keys = Array.from({ length: 1000 }, (_, number) => `k${number}`).filter((key) => ring.ownerOf(key) === 1);
  return { moves: keys.find(isMoving) as string, stays: keys.find((key) => !isMoving(key)) as string };
}

/** Waits until a node has a blocked client. */
async function untilBlocked(node: number): Promise<void> {
  const isWaiting = async (): Promise<boolean> => {
    const connection = await ring.connect(node);
    const { text } = await connection.reply("INFO", "clients");
    connection.close();
    return text?.includes("blocked_clients:1") === true;
  };
  await waitUntil(isWaiting, { what: "the client to be blocked", timeoutMs: 10_000 });
}

test("blocked clients, watches and subscribers of shard channels learn that their slot has moved away", async () => {
  ring = await startMovingRing(2, 1);
  const { moves, stays } = await keysOfSecond();
  const [blocked, watching, staying, subscriber] = await Promise.all([1, 1, 1, 1].map((node) => ring.connect(node)));
  blocked!.send(["BLPOP", moves, 0]);
  await watching!.reply("WATCH", moves);
  await staying!.reply("WATCH", stays);
  await subscriber!.reply("SSUBSCRIBE", moves);
  const version = await changeRing(ring, weightsOf(ring, 3, 1));
  expect((await blocked!.next()).text).toBe(`MOVED ${slotOf(moves)} ${seatName(ring, 0)}`);
  expect((await subscriber!.next()).items?.map(({ text }) => text)).toEqual(["sunsubscribe", moves, "0"]);
  await untilMoved(ring, version);
  for (const [connection, isVoid] of [
    [watching!, true],
    [staying!, false],
  ] as const) {
    await connection.reply("MULTI");
    await connection.reply("PING");
    expect((await connection.reply("EXEC")).items === null).toBe(isVoid);
  }
  for (const connection of [blocked!, watching!, staying!, subscriber!]) connection.close();
}, 60_000);

test("a blocked client whose slot moves away is sent to the announced address of the new owner", async () => {
  ring = await startMovingRing(2, 1);
  const { moves } = await keysOfSecond();
  const [announcing, blocked] = await Promise.all([0, 1].map((node) => ring.connect(node)));
  await announcing!.reply("CONFIG", "SET", "cluster-announce-ip", "10.9.8.7", "cluster-announce-port", 7000);
  const isTold = async (): Promise<boolean> =>
    (await blocked!.reply("CLUSTER", "NODES")).text?.includes("10.9.8.7:7000@") === true;
  await waitUntil(isTold, { what: "the announcement to be known", timeoutMs: 10_000 });
  blocked!.send(["BLPOP", moves, 0]);
  const version = await changeRing(ring, weightsOf(ring, 3, 1));
  expect((await blocked!.next()).text).toBe(`MOVED ${slotOf(moves)} 10.9.8.7:7000`);
  await untilMoved(ring, version);
  for (const connection of [announcing!, blocked!]) connection.close();
}, 60_000);

test("a client of another node that is blocked on a slot goes on waiting at the new owner", async () => {
  ring = await startMovingRing(2, 1);
  const { moves } = await keysOfSecond();
  const [blocked, other] = await Promise.all([2, 3].map((node) => ring.connect(node)));
  blocked!.send(["BLPOP", moves, 0]);
  await untilBlocked(1);
  const version = await changeRing(ring, weightsOf(ring, 3, 1));
  await untilMoved(ring, version);
  await other!.reply("RPUSH", moves, "element");
  expect((await blocked!.next()).items?.map(({ text }) => text)).toEqual([moves, "element"]);
  for (const connection of [blocked!, other!]) connection.close();
}, 60_000);

test("a client that is blocked on a slot goes on waiting when it moves again, a long time later", async () => {
  ring = await startMovingRing(2, 1);
  const { moves } = await keysOfSecond();
  const [blocked, other] = await Promise.all([2, 3].map((node) => ring.connect(node)));
  blocked!.send(["BLPOP", moves, 0]);
  await untilBlocked(1);
  await untilMoved(ring, await changeRing(ring, weightsOf(ring, 3, 1)));
  await untilBlocked(0);
  // Longer than the node timeout. The nodes agree all the time.
  await Bun.sleep(1100);
  await untilMoved(ring, await changeRing(ring, weightsOf(ring, 1, 3)));
  await untilBlocked(1);
  await other!.reply("RPUSH", moves, "element");
  expect((await blocked!.next()).items?.map(({ text }) => text)).toEqual([moves, "element"]);
  for (const connection of [blocked!, other!]) connection.close();
}, 60_000);

test("a script that is paused while its slot moves is carried out as a whole", async () => {
  // No node counts as gone while the machine is busy: the reply of a script whose node is deposed is not known.
  ring = await startMovingRing(2, 1, { "busy-reply-threshold": "5", "cluster-node-timeout": "3000" });
  const { moves } = await keysOfSecond();
  const client = await ring.connect(1);
  const script = "for i = 1, 30000 do redis.call('INCR', KEYS[1]) end return redis.call('GET', KEYS[1])";
  let isOver = false;
  const problems: string[] = [];
  const running = (async () => {
    for (let count = 30_000; !isOver && problems.length < 3; count += 30_000) {
      const { text } = await client.reply("EVAL", script, 1, moves);
      if (text !== `${count}`) problems.push(`${text}, and not ${count}`);
    }
  })();
  const version = await changeRing(ring, weightsOf(ring, 3, 1), 2);
  await untilMoved(ring, version);
  isOver = true;
  await running;
  expect(problems).toEqual([]);
  client.close();
}, 60_000);
