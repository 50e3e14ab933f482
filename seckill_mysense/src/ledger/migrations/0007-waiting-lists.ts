import type { ColumnTypes } from "../database/ledger-database.ts";
import type { Migration } from "./migration.ts";

/** Those who wait for units that come back. See docs/decisions/0053. */
export const waitingLists: Migration = {
  version: 7,
  name: "waiting lists",
  statements: ({ types, createTable, addColumn, addIndex }) => [
    ...addColumn("products", "waiting_since", types.integer),
    ...addIndex("products", "products_waited_for", ["waiting_since", "id"]),
    ...createTable({
      name: "waiters",
      lines: waiterLines(types),
      indexes: {
        waiters_in_order: ["product_id", "state", "place"],
        places_of_product: ["product_id", "place"],
        waiters_by_change: ["state", "changed_at_ms"],
      },
    }),
  ],
};

/** The primary key keeps a user from waiting twice, and the table from growing when somebody joins again and again. */
const waiterLines = ({ id, integer, text }: ColumnTypes) => [
  `product_id ${id} not null`,
  `user_id ${id} not null`,
  `sale_id ${id} not null`,
  `place ${integer} not null`,
  `state ${text(16)} not null`,
  `quantity ${integer} not null default 1`,
  `reservation_id ${id} not null`,
  `window_ms ${integer} not null`,
  `joined_at_ms ${integer} not null`,
  `changed_at_ms ${integer} not null`,
  `primary key (product_id, user_id)`,
  `constraint waiters_reservation unique (reservation_id)`,
  `constraint waiters_product foreign key (product_id) references products (id)`,
];
