import type { Migration } from "./migration.ts";

/** A user's orders are listed, the newest first. */
export const ordersOfAUser: Migration = {
  version: 19,
  name: "orders of a user",
  statements: ({ addIndex }) => addIndex("orders", "orders_of_user", ["user_id", "recorded_at_ms"]),
};
