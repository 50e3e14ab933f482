import type { ColumnTypes } from "../database/ledger-database.ts";
import type { Migration } from "./migration.ts";

/** Several products in one reservation, all or none. See docs/decisions/0062. */
export const bundles: Migration = {
  version: 11,
  name: "bundles",
  statements: ({ types, createTable, addColumn }) => [
    ...addColumn("orders", "bundle_id", types.id),
    ...createTable({
      name: "bundles",
      lines: bundleLines(types),
      indexes: {
        bundles_to_break: ["state", "collect_before_ms"],
        bundles_to_release: ["release_pending", "decided_at_ms"],
        bundles_of_sale: ["sale_id", "state"],
      },
    }),
  ],
};

/** No foreign key, because a rejected part may name a sale that does not exist. */
const bundleLines = ({ id, integer, text }: ColumnTypes) => [
  `id ${id} not null primary key`,
  `sale_id ${id} not null`,
  `user_id ${id} not null`,
  `parts ${integer} not null`,
  `state ${text(16)} not null`,
  `reason ${text(32)}`,
  `created_at_ms ${integer} not null`,
  `collect_before_ms ${integer} not null`,
  `decided_at_ms ${integer}`,
  `release_pending ${integer} not null default 0`,
];
