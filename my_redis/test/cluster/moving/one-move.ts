import type { Member } from "../../../src/cluster/agreement/ring-member.ts";

/** A move to the place "b". */
const move = { id: 3, attempt: 3, retries: 0, from: "a", to: "b", spans: [{ start: 0, end: 9 }] };

/** The primary of that place. */
export const targetMember = {
  self: "b",
  durable: { run: 1 },
  serving: { incoming: [], acknowledged: 0 },
  committed: { seats: [{ name: "b", nodes: ["b"] }], slots: { moves: [move] } },
} as unknown as Member;
