import { afterEach, expect, test } from "bun:test";
import { setTimeout as delay } from "node:timers/promises";
import { SeededRandom } from "../../../../tools/seeded-random.ts";
import { hashSlot } from "../../../src/cluster/hash-slot.ts";
import type { RespConnection } from "../../differential/harness/resp-connection.ts";
import type { Reply } from "../../differential/harness/reply.ts";
import type { RingOfProcesses } from "../crash/ring-of-processes.ts";
import { changeRing, startMovingRing, untilMoved, weightsOf } from "./moving-ring.ts";

let ring: RingOfProcesses;

afterEach(() => ring.stop());

const operations = Number(process.env["SWAPPED_OPERATIONS"] ?? "2400");
const seed = Number(process.env["SWAPPED_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const databases = 3;
const nodes = 3;
const keys = Array.from({ length: 200 }, (_, number) => `k${number}`);
const slotOf = (key: string): number => hashSlot(Buffer.from(key), 0, key.length);

/** Which slots a node has, as it says itself. */
function ownSlots(slots: Reply, node: number): (slot: number) => boolean {
  const own = (slots.items ?? []).filter(
    ({ items }) => items?.[2]?.items?.[1]?.text === `${ring.ports[node] as number}`,
  );
  const ranges = own.map(({ items }) => [Number(items?.[0]?.text), Number(items?.[1]?.text)] as const);
  return (slot) => ranges.some(([start, end]) => start <= slot && slot <= end);
}

/** A client that follows MOVED, and asks again while a slot is just handed over. */
class RedirectedClient {
  readonly #connections: readonly RespConnection[];
  readonly #owners = new Map<number, number>();

  constructor(connections: readonly RespConnection[]) {
    this.#connections = connections;
  }

  async ask(database: number, key: string, ...words: string[]): Promise<string> {
    for (;;) {
      const connection = this.#connections[this.#owners.get(slotOf(key)) ?? 0] as RespConnection;
      const [, reply] = await connection.replies([["SELECT", database], words]);
      const text = reply!.text ?? "(nil)";
      const moved = /^MOVED (\d+) (.*)$/.exec(text);
      if (moved !== null) this.#owners.set(Number(moved[1]), ring.nodeOf(moved[2] as string));
      else if (text.startsWith("CLUSTERDOWN") || text.startsWith("TRYAGAIN")) await delay(5);
      else return text;
    }
  }
}

test("SWAPDB with redirect is done or refused, and loses nothing while slots move again and again", async () => {
  console.log(`seed ${seed}`);
  const random = new SeededRandom(seed);
  const pick = (count: number): number => random.below(count);
  const given = { "cluster-members": "agreed", "cluster-routing": "redirect", "cluster-node-timeout": "2000" };
  ring = await startMovingRing(nodes, 0, given);
  const connections = await Promise.all(ring.ports.keys().map((node) => ring.connect(node)));
  const client = new RedirectedClient(connections);
  /** What is to be there: for each database, the values by their keys. */
  const model = Array.from({ length: databases }, () => new Map<string, string>());
  const swaps = { done: 0, refused: 0 };

  async function swap(): Promise<void> {
    const node = pick(nodes);
    const [first, second] = [pick(databases), pick(databases)];
    const [slots, reply] = await connections[node]!.replies([
      ["CLUSTER", "SLOTS"],
      ["SWAPDB", first, second],
    ]);
    if (reply!.text !== "OK") {
      expect(reply!.text).toMatch(/while slots move|CLUSTERDOWN/);
      swaps.refused++;
      return;
    }
    swaps.done++;
    const isOwn = ownSlots(slots!, node);
    const [one, other] = [model[first]!, model[second]!];
    for (const key of keys.filter((each) => isOwn(slotOf(each)))) {
      const [before, after] = [one.get(key), other.get(key)];
      if (after === undefined) one.delete(key);
      else one.set(key, after);
      if (before === undefined) other.delete(key);
      else other.set(key, before);
    }
  }

  async function change(number: number): Promise<void> {
    const [database, to] = [pick(databases), pick(databases)];
    const key = keys[pick(keys.length)] as string;
    const values = model[database]!;
    const kind = pick(10);
    if (kind < 5) {
      expect(await client.ask(database, key, "SET", key, `${number}`)).toBe("OK");
      values.set(key, `${number}`);
    } else if (kind < 7) {
      expect(await client.ask(database, key, "GET", key)).toBe(values.get(key) ?? "(nil)");
    } else if (kind < 8) {
      expect(await client.ask(database, key, "DEL", key)).toBe(values.delete(key) ? "1" : "0");
    } else if (to !== database) {
      const mayMove = values.has(key) && !model[to]!.has(key);
      expect(await client.ask(database, key, "MOVE", key, `${to}`)).toBe(mayMove ? "1" : "0");
      if (!mayMove) return;
      model[to]!.set(key, values.get(key) as string);
      values.delete(key);
    }
  }

  let version = 0;
  for (let number = 0; number < operations; number++) {
    if (number % 200 === 0) {
      if (number % 400 === 0 && version > 0) await untilMoved(ring, version);
      if (number % 400 === 200) {
        const heavy = Math.floor(number / 400) % nodes;
        const weights = Array.from({ length: nodes }, (_, node) => (node === heavy ? 4 : 1));
        version = await changeRing(ring, weightsOf(ring, ...weights));
      }
    }
    if (pick(6) === 0) await swap();
    else await change(number);
  }
  await untilMoved(ring, version);
  expect(swaps.done).toBeGreaterThan(0);
  console.log(`${swaps.done} databases were swapped, ${swaps.refused} times it was refused`);
  for (const [database, values] of model.entries()) {
    const found = new Map<string, string>();
    for (const key of keys) {
      const text = await client.ask(database, key, "GET", key);
      if (text !== "(nil)") found.set(key, text);
    }
    expect(found).toEqual(
      new Map(keys.filter((key) => values.has(key)).map((key) => [key, values.get(key) as string])),
    );
    let size = 0;
    for (const connection of connections) {
      const [, reply] = await connection.replies([["SELECT", database], ["DBSIZE"]]);
      size += Number(reply!.text);
    }
    expect(size).toBe(values.size);
  }
  for (const connection of connections) connection.close();
}, 120_000);
