import type { MemberName } from "./transaction-message.ts";

/**
 * Whether these nodes may decide for all: more than half of the members, or exactly half with the first member among
 * them. Any two such groups share a node, so that no two decide differently. Of two nodes the first may go on
 * alone. `members` are sorted, alike on every node.
 */
export function isQuorum(members: readonly MemberName[], present: ReadonlySet<MemberName>): boolean {
  const count = members.reduce((sum, member) => sum + (present.has(member) ? 1 : 0), 0);
  if (count * 2 !== members.length) return count * 2 > members.length;
  return present.has(members[0] as MemberName);
}
