import type { RespConnection } from "../differential/harness/resp-connection.ts";
import { type Reply, showReply } from "../differential/harness/reply.ts";
import type { TestServer } from "./test-server.ts";

interface DescribedKey {
  readonly type: string;
  /** Unix milliseconds; -1 for never. */
  readonly expiry: string;
  readonly encoding: string;
  /** Of a stream, entries, groups, consumers and pending entries. */
  readonly stream: string;
}

interface DescribedData {
  /** By database. */
  readonly sizes: ReadonlyMap<number, string>;
  /** By database and key. */
  readonly keys: ReadonlyMap<string, DescribedKey>;
}

/** Facts that are each server's own: when a consumer was last seen there, and the shape of its trees. */
const ownFacts = new Set(["radix-tree-keys", "radix-tree-nodes", "seen-time", "active-time"]);

/** What a stream of Redis 7.0 does not say: it passes on the entries that a consumer gets as XCLAIM, which counts none. */
const untoldFacts = new Set(["entries-read", "lag"]);

/** From the most compact encoding of a type to the least compact one. */
const byCompactness = [
  ["int", "embstr", "raw"],
  ["intset", "listpack", "hashtable"],
  ["listpack", "quicklist"],
  ["listpack", "skiplist"],
  ["stream"],
];

export interface Comparison {
  /** A server has started again: then it may have a more compact form, which a snapshot loads as such. */
  readonly hasRestarted: boolean;
}

/** What differs between the data of a primary and that of its replica, beyond DEBUG DIGEST; empty when nothing does. */
export async function differencesOf(
  primary: TestServer,
  replica: TestServer,
  comparison: Comparison,
): Promise<readonly string[]> {
  // Redis 7.0 tells its replicas of a consumer only once it has entries.
  const isToldAll = primary.name === "MyRedis";
  const [ours, theirs] = [await describe(primary, isToldAll), await describe(replica, isToldAll)];
  const differences: string[] = [];
  const compare = (what: string, one: string | undefined, other: string | undefined): void => {
    if (one !== other)
      differences.push(`${what}: ${one ?? "missing"} on the primary, ${other ?? "missing"} on the replica`);
  };
  for (const number of new Set([...ours.sizes.keys(), ...theirs.sizes.keys()])) {
    compare(`keys of database ${number}`, ours.sizes.get(number), theirs.sizes.get(number));
  }
  const encodings = { sameKind: primary.name === replica.name, ...comparison };
  for (const name of new Set([...ours.keys.keys(), ...theirs.keys.keys()])) {
    const [one, other] = [ours.keys.get(name), theirs.keys.get(name)];
    for (const fact of ["type", "expiry", "stream"] as const) compare(`${fact} of ${name}`, one?.[fact], other?.[fact]);
    if (one !== undefined && other !== undefined && !mayDiffer(one, other, encodings)) {
      compare(`encoding of ${name}`, one.encoding, other.encoding);
    }
  }
  return differences;
}

/**
 * A value that has grown and shrunk keeps the form of a large one. The replica may have got it in a snapshot, which
 * loads it in the compact form.
 */
function mayDiffer(one: DescribedKey, other: DescribedKey, how: Comparison & { readonly sameKind: boolean }): boolean {
  const forms = byCompactness.find((each) => each.includes(one.encoding) && each.includes(other.encoding));
  if (forms === undefined || one.type !== other.type) return false;
  // Redis 7.0 packs no sets except those of integers, and no lists by themselves.
  if (!how.sameKind && (one.type === "+set" || one.type === "+list")) return true;
  return how.hasRestarted || forms.indexOf(other.encoding) <= forms.indexOf(one.encoding);
}

/** `isToldAll`: also what only MyRedis tells its replicas, such as consumers that have no pending entries. */
async function describe(server: TestServer, isToldAll: boolean): Promise<DescribedData> {
  const connection = await server.connect();
  try {
    const sizes = new Map<number, string>();
    const keys = new Map<string, DescribedKey>();
    const [info] = await connection.replies([["INFO", "keyspace"]]);
    for (const [, number] of (info?.text ?? "").matchAll(/^db(\d+):/gm)) {
      await describeDatabase(connection, Number(number), { sizes, keys, isToldAll });
    }
    return { sizes, keys };
  } finally {
    connection.close();
  }
}

async function describeDatabase(
  connection: RespConnection,
  number: number,
  into: { readonly sizes: Map<number, string>; readonly keys: Map<string, DescribedKey>; readonly isToldAll: boolean },
): Promise<void> {
  const [, size, found] = await connection.replies([["SELECT", number], ["DBSIZE"], ["KEYS", "*"]]);
  into.sizes.set(number, size?.text ?? "");
  for (const { text } of found?.items ?? []) {
    const key = Buffer.from(text ?? "", "latin1");
    const name = `${number}:${showReply({ sign: "$", text: text ?? "" })}`;
    const [type, expiry, encoding] = await connection.replies([
      ["TYPE", key],
      ["PEXPIRETIME", key],
      ["OBJECT", "ENCODING", key],
    ]);
    const isStream = type?.text === "stream";
    const [stream] = isStream ? await connection.replies([["XINFO", "STREAM", key, "FULL", "COUNT", 0]]) : [];
    into.keys.set(name, {
      type: showReply(type as Reply),
      // MyRedis rounds a moment beyond the greatest whole number of a double: 14 digits are exact until the year 5138.
      expiry: Number(expiry?.text).toPrecision(14),
      encoding: encoding?.text ?? "",
      stream: stream === undefined ? "" : showReply(shared(stream, into.isToldAll)),
    });
  }
}

/** What both servers should say alike of a stream. */
function shared(reply: Reply, isToldAll: boolean): Reply {
  if (reply.items === undefined || reply.items === null) return reply;
  const isLeftOut = (fact: string): boolean => ownFacts.has(fact) || (!isToldAll && untoldFacts.has(fact));
  const items = reply.items.filter((item, at, all) => {
    if (!isToldAll && isIdleConsumer(item)) return false;
    return !isLeftOut(item.text ?? "") && !isLeftOut(all[at - 1]?.text ?? "");
  });
  return { ...reply, items: items.map((item) => shared(item, isToldAll)) };
}

function isIdleConsumer({ items }: Reply): boolean {
  const texts = items?.map(({ text }) => text) ?? [];
  return texts[0] === "name" && !texts.includes("last-delivered-id") && texts[texts.indexOf("pel-count") + 1] === "0";
}
