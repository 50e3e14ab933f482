import { afterEach, expect, test } from "bun:test";
import type { RespConnection } from "../../differential/harness/resp-connection.ts";
import type { RingOfProcesses } from "../crash/ring-of-processes.ts";
import { changeRing, startMovingRing, untilMoved, weightsOf } from "./moving-ring.ts";

let ring: RingOfProcesses;

afterEach(() => ring.stop());

const numbers = Array.from({ length: 600 }, (_, number) => number);

/** The events that a subscriber was told up to the SET of this key. */
async function eventsUntil(listener: RespConnection, last: string): Promise<string[]> {
  const events: string[] = [];
  do {
    const [, , channel, key] = (await listener.next()).items!.map(({ text }) => text);
    events.push(`${channel!.slice("__keyevent@0__:".length)} ${key}`);
  } while (events.at(-1) !== `set ${last}`);
  return events;
}

test("no node tells events of keys that move with their slots: neither the primaries nor the replicas", async () => {
  ring = await startMovingRing(2, 1, { "notify-keyspace-events": "EAn", "cluster-node-timeout": "3000" });
  const client = await ring.connect(0);
  for (const number of numbers) await client.reply("SET", `string ${number}`, `value ${number}`);
  for (const number of numbers) await client.reply("RPUSH", `list ${number}`, "a", "b");
  await client.reply("RPUSH", "large", ...numbers.map((number) => `${number}`.padEnd(1000)));
  const listeners = await Promise.all(ring.ports.keys().map((node) => ring.connect(node)));
  for (const listener of listeners) await listener.reply("PSUBSCRIBE", "__keyevent@0__:*");
  /** Changes a key of each primary. Gives what its owner and its replica told up to that change. */
  const change = async (word: string): Promise<{ key: string; told: string[] }[]> => {
    const changes: { key: string; told: string[] }[] = [];
    for (const place of [0, 1]) {
      const key = numbers.map((number) => `${word} ${number}`).find((one) => ring.ownerOf(one) === place) as string;
      await client.reply("SET", key, "value");
      for (const node of [place, place + 2]) changes.push({ key, told: await eventsUntil(listeners[node]!, key) });
    }
    return changes;
  };
  // A replica may still be behind the writes from before. It has told all of them when it tells of this change.
  await change("first");
  for (const weights of [
    [3, 1],
    [1, 3],
  ]) {
    await untilMoved(ring, await changeRing(ring, weightsOf(ring, ...weights)));
  }
  expect((await client.reply("DBSIZE")).text).toBe("1203");
  // A change of data is told, by the owner of the key and by its replica; nothing of the moves is.
  for (const { key, told } of await change("last")) expect(told).toEqual([`new ${key}`, `set ${key}`]);
  for (const each of [client, ...listeners]) each.close();
}, 60_000);
