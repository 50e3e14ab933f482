import type { Migration } from "./migration.ts";

/**
 * Refunds that a provider cannot make wait for an operator, who has them sent once more or settles them elsewhere. The
 * index finds events that are old enough to be forgotten.
 */
export const refundsThatFail: Migration = {
  version: 9,
  name: "refunds that fail",
  statements: ({ types, addColumn, addIndex }) => [
    ...addColumn("refunds", "held_at_ms", types.integer),
    ...addColumn("refunds", "retries", `${types.integer} not null default 0`),
    ...addColumn("refunds", "settled_by", types.text(100)),
    ...addColumn("refunds", "settled_note", types.text(200)),
    ...addIndex("payment_events", "payment_events_by_age", ["received_at_ms"]),
  ],
};
