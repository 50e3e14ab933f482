import { type Reply, showReply } from "../differential/harness/reply.ts";
import type { RespConnection, Word } from "../differential/harness/resp-connection.ts";

/** The commands that read a whole value of each type, and whether the order of their replies matters. */
const readers: Readonly<Record<string, { commands: (key: Word) => Word[][]; ordered: boolean }>> = {
  string: { commands: (key) => [["GET", key]], ordered: true },
  list: { commands: (key) => [["LRANGE", key, 0, -1]], ordered: true },
  set: { commands: (key) => [["SMEMBERS", key]], ordered: false },
  zset: { commands: (key) => [["ZRANGE", key, 0, -1, "WITHSCORES"]], ordered: true },
  stream: { commands: (key) => [["XINFO", "STREAM", key, "FULL", "COUNT", 0]], ordered: true },
};

/**
 * Fields of XINFO STREAM that are no data: the structure in memory, and when a consumer was last seen, which no log
 * keeps.
 */
const volatileFields = new Set(["radix-tree-keys", "radix-tree-nodes", "seen-time", "active-time"]);

/** A key's value as text, and its expiry in Unix milliseconds. */
export interface KeyText {
  readonly value: string;
  readonly expiresAtMs: number;
}

/** All keys of these databases as text, by "database:key". */
export async function readDataset(
  connection: RespConnection,
  databases: readonly number[],
): Promise<Map<string, KeyText>> {
  const found = new Map<string, KeyText>();
  for (const database of databases) {
    await connection.reply("SELECT", database);
    const keys = (await connection.reply("KEYS", "*")).items ?? [];
    for (const { text } of keys) {
      const read = await readKey(connection, Buffer.from(text ?? "", "latin1"));
      if (read !== undefined) found.set(`${database}:${text}`, read);
    }
  }
  return found;
}

async function readKey(connection: RespConnection, key: Word): Promise<KeyText | undefined> {
  const [type, expiry] = await connection.replies([
    ["TYPE", key],
    ["PEXPIRETIME", key],
  ]);
  if (type?.text === "hash") return readHash(connection, key, Number(expiry?.text));
  const reader = readers[type?.text ?? ""];
  // The key may expire while it is being read.
  if (reader === undefined) return undefined;
  const replies = await connection.replies(reader.commands(key));
  const value = replies.map((reply) => (reader.ordered ? showReply(steady(reply)) : showUnordered(reply))).join();
  return { value: `${type?.text} ${value}`, expiresAtMs: Number(expiry?.text) };
}

/** A hash without the fields that have an expiry, because they may expire before the next reading. */
async function readHash(connection: RespConnection, key: Word, expiresAtMs: number): Promise<KeyText | undefined> {
  const { items = [] } = await connection.reply("HGETALL", key);
  const content = items ?? [];
  const names = content.flatMap(({ text }, index) => (index % 2 === 0 ? [Buffer.from(text ?? "", "latin1")] : []));
  if (names.length === 0) return undefined;
  const reply = await connection.reply("HPEXPIRETIME", key, "FIELDS", names.length, ...names);
  // Before Redis 7.4 fields have no expiries.
  const ends = reply.items ?? names.map(() => ({ text: "-1" }));
  const pairs = ends.flatMap(({ text }, index) =>
    text === "-1"
      ? [
          content
            .slice(index * 2, index * 2 + 2)
            .map(showReply)
            .join("="),
        ]
      : [],
  );
  return pairs.length === 0 ? undefined : { value: `hash ${pairs.sort().join(" ")}`, expiresAtMs };
}

const showUnordered = ({ items }: Reply): string => (items ?? []).map(showReply).sort().join(" ");

/** The reply without the fields that may differ. */
function steady(reply: Reply): Reply {
  if (reply.items === undefined || reply.items === null) return reply;
  const items = reply.items.filter(
    ({ text }, index, all) => !volatileFields.has(text ?? "") && !volatileFields.has(all[index - 1]?.text ?? ""),
  );
  return { sign: reply.sign, items: (isPendingEntry(items) ? items.slice(0, -2) : items).map(steady) };
}

/**
 * An entry of XPENDING: id, in some forms a consumer, then the time and number of its deliveries. A consumer that reads
 * its unacknowledged entries again changes these two, and no log records that, nor does redis-server's.
 */
const isPendingEntry = (items: readonly Reply[]): boolean =>
  items.length > 2 && items.every(({ sign }, index) => sign === (index < items.length - 2 ? "$" : ":"));

/** The differences between two readings, except for keys that may have expired before the second. */
export function datasetDifference(
  before: ReadonlyMap<string, KeyText>,
  after: ReadonlyMap<string, KeyText>,
  nowMs: number,
): string[] {
  const differences: string[] = [];
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [one, other] = [before.get(name), after.get(name)];
    const expiresAtMs = (one ?? other)?.expiresAtMs ?? -1;
    if (expiresAtMs >= 0 && expiresAtMs <= nowMs && (one === undefined || other === undefined)) continue;
    if (one?.value === other?.value && one?.expiresAtMs === other?.expiresAtMs) continue;
    differences.push(`${name}\n  before ${show(one)}\n  after  ${show(other)}`);
  }
  return differences;
}

const show = (key: KeyText | undefined): string =>
  key === undefined ? "is not there" : `(expires ${key.expiresAtMs}) ${key.value.slice(0, 2000)}`;
