export { HashRing } from "./src/hash-ring.ts";
export type { RingNode, RingOptions } from "./src/members.ts";
export { slotCount, slotTable } from "./src/slot-table.ts";
