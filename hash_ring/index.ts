export { HashRing } from "./src/hash-ring.ts";
export type { RingNode, RingOptions } from "./src/members.ts";
export { type AssignmentOptions, assignSlots, type SlotRange } from "./src/slot-assignment.ts";
export { slotCount, slotTable } from "./src/slot-table.ts";
