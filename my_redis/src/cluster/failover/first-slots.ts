import { assignSlots, slotCount } from "hash-ring";
import type { RingRequest } from "../agreement/ring-change.ts";
import type { Member } from "../agreement/ring-member.ts";
import type { Seat } from "../agreement/ring-table.ts";
import { ownersByPoints } from "../members.ts";

/**
 * So many slots move at once. Each move walks all keys of its source, so few moves are done sooner. But what clients change meanwhile
 * in the slots of a move is noted, up to a limit, and a move that fails begins anew, so they are not all in one.
 */
const slotsPerMove = 1536;

/**
 * How the leader of a ring that has not agreed on the owners of slots lays them out; undefined while it does not know
 * enough. No node serves anything before. Where some primary has keys, they lie where the points of the hash ring have put
 * them, and stay there. An even layout with few ranges is only for a ring in which every primary says that it has none.
 */
export function firstSlots(member: Member): RingRequest | undefined {
  const { role } = member;
  if (role.type !== "leader" || role.committed === undefined) return undefined;
  const { seats, slots } = role.committed.table;
  // A place that has never had a primary gets none with keys once slots have owners: see appointRestarted.
  if (slots !== undefined || seats.length === 0 || seats.some(({ epoch }) => epoch === 0)) return undefined;
  const names = seats.map(({ name }) => name);
  const answers = seats.map((seat) => holdsKeys(member, seat));
  if (answers.includes(true)) return { type: "slots", owners: ownersByPoints(names), batch: slotsPerMove };
  if (answers.includes(undefined)) return undefined;
  const owners = assignSlots(
    names.map((name) => ({ name })),
    [],
    { slots: slotCount },
  );
  return { type: "slots", owners, batch: slotsPerMove };
}

/** Undefined: not known, for example because the place has no primary yet. */
function holdsKeys(member: Member, { primary: { node, run } }: Seat): boolean | undefined {
  if (member.role.type !== "leader" || run === 0) return undefined;
  if (node === member.self) return run === member.durable.run ? member.holdsKeys : undefined;
  const peer = member.role.peers.get(node);
  return peer?.run === run ? peer.holdsKeys : undefined;
}
