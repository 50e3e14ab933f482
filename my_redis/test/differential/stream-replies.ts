import { type Comparer, type Reply, sameBytes } from "./harness/index.ts";

/** Fields of XINFO that Redis 7.2 has and 7.0 lacks. */
const fieldsOf72 = new Set(["inactive", "active-time"]);
/** Fields that depend on the time. */
const momentFields = new Set(["idle", "seen-time"]);
/** Integers of at least this are moments in Unix milliseconds. */
const leastMomentMs = 1_000_000_000_000;

/** XINFO in the form of Redis 7.0, without the parts that depend on the time. */
export const sameInfo: Comparer = (ours, theirs) => sameBytes(withoutMoments(ours), withoutMoments(theirs));

/** Like `sameInfo`, but without consumers, because Redis 7.0 creates a consumer only when it receives an entry. */
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

/** The long form of XPENDING. The third elements are left out, because they are milliseconds since the delivery. */
export const samePending: Comparer = (ours, theirs) => sameBytes(withoutIdle(ours), withoutIdle(theirs));

const withoutIdle = (reply: Reply): Reply => ({
  ...reply,
  ...(Array.isArray(reply.items) && { items: reply.items.map(withoutThird) }),
});

const withoutThird = (reply: Reply): Reply => ({
  ...reply,
  ...(reply.items?.length === 4 && { items: reply.items.filter((_, at) => at !== 2) }),
});
