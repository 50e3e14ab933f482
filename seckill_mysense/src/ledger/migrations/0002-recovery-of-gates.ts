import type { ColumnTypes } from "../database/ledger-database.ts";
import type { Migration } from "./migration.ts";

/** What the ledger needs to know of a product's gate, to find one that lost data and to rebuild it. */
export const recoveryOfGates: Migration = {
  version: 2,
  name: "recovery of gates",
  statements: ({ types, createTable, addColumn, addIndex }) => [
    ...addColumn("products", "gate_sequence", `${types.integer} not null default 0`),
    ...addColumn("products", "armed_epoch", `${types.integer} not null default 0`),
    // A product with orders was armed, by a program that did not yet write it down.
    `update products set armed_epoch = epoch
     where armed_epoch = 0 and exists (select 1 from orders where orders.product_id = products.id)`,
    ...addColumn("products", "gate_compared_at_ms", types.integer),
    ...addIndex("products", "products_to_arm", ["armed_epoch"]),
    ...addIndex("stock_returns", "pending_returns_of_product", ["product_id", "applied_at_ms", "epoch"]),
    ...addColumn("rejections", "epoch", types.integer),
    ...createTable({ name: "repairs", lines: repairs(types), indexes: { repairs_of_product: ["product_id", "id"] } }),
  ],
};

const repairs = ({ id, integer, sequence, text }: ColumnTypes) => [
  `id ${sequence}`,
  `product_id ${id} not null`,
  `reason ${text(300)} not null`,
  `started_by ${text(100)} not null`,
  `from_epoch ${integer} not null`,
  `started_at_ms ${integer} not null`,
  `to_epoch ${integer}`,
  `units ${integer}`,
  `ended_at_ms ${integer}`,
];
