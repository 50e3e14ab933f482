import type { Migration } from "./migration.ts";

/** Waiting rooms whose entries are drawn by ballot. See docs/decisions/0103. */
export const ballots: Migration = {
  version: 16,
  name: "ballots",
  statements: ({ types: { id, integer }, addColumn, addIndex }) => [
    ...addColumn("rooms", "winners", integer),
    ...addColumn("room_uses", "user_id", id),
    ...addIndex("room_uses", "room_uses_of_user", ["user_id"]),
  ],
};
