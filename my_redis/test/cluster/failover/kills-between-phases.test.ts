import { afterEach, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SeatBook, type SeatRecord } from "../../../src/cluster/seat-transaction/seat-book.ts";
import { decodeEntry } from "../../../src/cluster/seat-transaction/seat-codec.ts";
import type { RespConnection } from "../../differential/harness/resp-connection.ts";
import { waitUntil } from "../../../../tools/test-services/index.ts";
import { RingOfProcesses } from "../crash/ring-of-processes.ts";

const testTimeoutMs = 90_000;
/** Logs are not rewritten: each has all entries since its node began. */
const directives = { "cluster-node-timeout": "600", "auto-aof-rewrite-percentage": "0" };
/** So many clients write at once that a kill meets writes in each of their phases. */
const clients = 40;
const writesBeforeKill = 100;
const mostRounds = 10;
const word = Buffer.from("my-redis-seat-write:", "latin1");

let ring: RingOfProcesses;

afterEach(() => ring.stop());

/** The open writes that a node knew when it was killed, by its log. */
function openWritesOf(node: number): SeatBook {
  const folder = join(ring.folders[node] as string, "appendonlydir");
  const book = new SeatBook();
  const numberOf = (file: string): number => Number(/\.(\d+)\.incr\.aof$/.exec(file)?.[1]);
  const files = readdirSync(folder).filter((file) => file.endsWith(".incr.aof"));
  for (const file of files.toSorted((one, other) => numberOf(one) - numberOf(other))) {
    const log = readFileSync(join(folder, file));
    for (let at = log.indexOf(word); at >= 0; at = log.indexOf(word, at + 1)) {
      const length = Number(/\$(\d+)\r\n$/.exec(log.toString("latin1", at - 12, at))?.[1]);
      // The kill may have cut the last one.
      if (at + length <= log.length) book.apply(decodeEntry(log.subarray(at + word.length, at + length)));
    }
  }
  return book;
}

/** A pair of keys, of the places 0 and 1, and what the write of both was answered with. */
interface Pair {
  readonly keys: readonly [string, string];
  reply: string | undefined;
}

/** Clients that write one pair after the other. Each pair is written once. */
class PairWriters {
  readonly pairs: Pair[] = [];
  acknowledged = 0;
  #number = 0;
  #hasEnded = false;
  readonly #running: Promise<void>[] = [];

  begin(nodes: readonly number[]): void {
    this.#hasEnded = false;
    for (let client = 0; client < clients; client++) {
      this.#running.push(this.#write(nodes[client % nodes.length] as number));
    }
  }

  async end(): Promise<void> {
    this.#hasEnded = true;
    await Promise.all(this.#running);
  }

  async #write(node: number): Promise<void> {
    let connection: RespConnection | undefined;
    try {
      connection = await ring.connect(node);
      while (!this.#hasEnded) {
        const pair: Pair = { keys: [this.#newKey(0), this.#newKey(1)], reply: undefined };
        this.pairs.push(pair);
        const [one, other] = pair.keys;
        pair.reply = (await connection.reply("MSET", one, "value", other, "value")).text ?? undefined;
        if (pair.reply === "OK") this.acknowledged++;
      }
    } catch {
      // Its node was killed: whether the last pair was written is not known.
    } finally {
      connection?.close();
    }
  }

  #newKey(place: number): string {
    for (;;) {
      const key = `pair:${this.#number++}`;
      if (ring.ownerOf(key) === place) return key;
    }
  }
}

/** What breaks "all or nothing", as a node tells it. */
async function brokenPairs(pairs: readonly Pair[], node: number): Promise<string[]> {
  const client = await ring.connect(node);
  const replies = await client.replies(pairs.map(({ keys }) => ["MGET", ...keys]));
  client.close();
  return pairs.flatMap(({ keys, reply }, at) => {
    const values = replies[at]?.items?.map(({ text }) => text ?? "nothing").join(" and ");
    const isDone = values === "value and value";
    const isWhole = isDone || values === "nothing and nothing";
    return isWhole && (reply !== "OK" || isDone) ? [] : [`${keys.join(", ")}: ${values}, after ${reply}`];
  });
}

async function untilNoWriteIsOpen(nodes: readonly number[]): Promise<void> {
  for (const node of nodes) {
    const isOver = async (): Promise<boolean> => {
      const info = await ring.info(node);
      return info?.get("cluster_transactions_open") === "0" && info.get("cluster_locked_keys") === "0";
    };
    await waitUntil(isOver, { what: `node ${node} to have no open write`, timeoutMs: 20_000, intervalMs: 30 });
  }
}

interface Kill {
  /** The places whose primaries are killed; undefined: all nodes are. Place 0 is the home of all writes. */
  readonly places: readonly number[] | undefined;
  /** Whether the kill has met what the test is about. */
  readonly isMet: (home: SeatBook, participant: SeatBook) => boolean;
}

const all = [0, 1, 2, 3];
const isPrepared = (book: SeatBook, id: string): boolean => book.records.get(id)?.prepared !== undefined;
const some = (book: SeatBook, isSo: (record: SeatRecord) => boolean): boolean => [...book.records.values()].some(isSo);

const kills: Readonly<Record<string, Kill>> = {
  "their home is killed before and after it has decided": {
    places: [0],
    isMet: (home) =>
      some(home, ({ isDecided }) => !isDecided) && some(home, ({ id, isDecided }) => isDecided && isPrepared(home, id)),
  },
  "a participant is killed that has prepared them": {
    places: [1],
    isMet: (_home, participant) => some(participant, ({ id }) => isPrepared(participant, id)),
  },
  "all nodes are killed when some are prepared everywhere, and others decided and not carried out": {
    places: undefined,
    isMet: (home, participant) =>
      some(home, ({ id, isDecided }) => !isDecided && isPrepared(participant, id)) &&
      some(home, ({ id, isDecided }) => isDecided && isPrepared(participant, id)),
  },
};

async function primaryOf(place: number): Promise<number> {
  const node = await ring.primaryOf(place);
  if (node === undefined) throw new Error(`nobody serves place ${place}`);
  return node;
}

test.each(Object.keys(kills))(
  "writes to two places are whole, and end, when %s",
  async (name) => {
    const { places, isMet } = kills[name] as Kill;
    ring = await RingOfProcesses.start(2, { ...directives, "cluster-acknowledgement": "primary" }, 1);
    const writers = new PairWriters();
    let isSeen = false;
    for (let round = 0; round < mostRounds && !isSeen; round++) {
      const primaries = [await primaryOf(0), await primaryOf(1)] as const;
      const killed = places?.map((place) => primaries[place] as number) ?? all;
      const alive = all.filter((node) => !killed.includes(node));
      const enough = writers.acknowledged + writesBeforeKill;
      writers.begin(primaries);
      await waitUntil(() => writers.acknowledged >= enough, { what: "writes", timeoutMs: 20_000, intervalMs: 1 });
      await Promise.all(killed.map((node) => ring.kill(node, "SIGKILL")));
      isSeen = isMet(openWritesOf(primaries[0]), openWritesOf(primaries[1]));
      await writers.end();
      // The others take over, and end open writes without the nodes that are dead.
      for (const place of places ?? []) await ring.untilMoved(place, primaries[place] as number);
      await untilNoWriteIsOpen(alive);
      for (const node of alive.slice(0, 1)) expect(await brokenPairs(writers.pairs, node)).toEqual([]);
      await Promise.all(killed.map((node) => ring.startNode(node)));
      await ring.untilInSync();
      await untilNoWriteIsOpen(all);
      expect(await brokenPairs(writers.pairs, 0)).toEqual([]);
    }
    expect(isSeen).toBe(true);
  },
  testTimeoutMs,
);
