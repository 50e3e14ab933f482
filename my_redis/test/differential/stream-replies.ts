import { type Comparer, type Reply, sameBytes } from "./harness/index.ts";

/** Fields of XINFO that Redis 7.2 has and 7.0 has not. */
const fieldsOf72 = new Set(["inactive", "active-time"]);
/** Fields that hang on the moment. */
const momentFields = new Set(["idle", "seen-time"]);
/** Integers from here on are moments in Unix milliseconds. */
const leastMomentMs = 1_000_000_000_000;

/** XINFO as Redis 7.0 would answer it, without what hangs on the moment. */
export const sameInfo: Comparer = (ours, theirs) => sameBytes(withoutMoments(ours), withoutMoments(theirs));

/** As `sameInfo`, without the consumers, whom Redis 7.0 creates only when they are given something. */
export const sameGroups: Comparer = (ours, theirs) =>
  sameBytes(withoutMoments(ours, "consumers"), withoutMoments(theirs, "consumers"));

function withoutMoments(reply: Reply, alsoWithout?: string): Reply {
  const { sign, items, text } = reply;
  if (items === undefined || items === null) {
    return sign === ":" && Number(text) >= leastMomentMs ? { sign, text: "moment" } : reply;
  }
  const kept: Reply[] = [];
  for (let at = 0; at < items.length; at++) {
    const item = items[at] as Reply;
    const name = item.sign === "$" ? (item.text ?? "") : "";
    if (fieldsOf72.has(name) || momentFields.has(name) || name === alsoWithout) at++;
    else kept.push(withoutMoments(item, alsoWithout));
  }
  return { sign, items: kept };
}

/** The long form of XPENDING, whose third elements are the milliseconds since the delivery. */
export const samePending: Comparer = (ours, theirs) => sameBytes(withoutIdle(ours), withoutIdle(theirs));

const withoutIdle = (reply: Reply): Reply => ({
  ...reply,
  ...(Array.isArray(reply.items) && { items: reply.items.map(withoutThird) }),
});

const withoutThird = (reply: Reply): Reply => ({
  ...reply,
  ...(reply.items?.length === 4 && { items: reply.items.filter((_, at) => at !== 2) }),
});
