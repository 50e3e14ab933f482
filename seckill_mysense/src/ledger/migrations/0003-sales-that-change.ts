import type { ColumnTypes } from "../database/ledger-database.ts";
import type { Migration } from "./migration.ts";

/** Versions of sales, the revision that readers follow, the log of changes, and orders that keep what was agreed. */
export const salesThatChange: Migration = {
  version: 3,
  name: "sales that change",
  statements: ({ types, createTable, addColumn, addIndex }) => {
    const { integer, text } = types;
    const count = (start: number): string => `${integer} not null default ${start}`;
    const add = (table: string, columns: Record<string, string>): string[] =>
      Object.entries(columns).flatMap(([column, definition]) => addColumn(table, column, definition));
    return [
      ...createTable({ name: "ledger_revision", lines: ledgerRevision(types) }),
      firstRevision,
      ...add("sales", {
        ...{ version: count(1), state: `${text(16)} not null default 'published'`, paused: count(0) },
        ...{ release_pending: count(0), revision: count(0) },
      }),
      ...addIndex("sales", "sales_by_revision", ["revision"]),
      ...addIndex("sales", "sales_to_release", ["release_pending"]),
      ...add("products", {
        ...{ paused: count(0), cancelled: count(0), lowering_to: integer, lowering_since: integer, revision: count(0) },
      }),
      ...addIndex("products", "products_by_revision", ["revision"]),
      ...add("orders", {
        ...{ product_name: text(200), price_minor: integer, currency: text(3), quantity: count(1) },
        ...{ paid_at_ms: integer, cancelled_at_ms: integer, expired_at_ms: integer },
      }),
      ...addIndex("orders", "orders_of_sale", ["sale_id", "state"]),
      // Orders from before this step get the values that their products have now, the best that is known.
      ...["name", "price_minor", "currency"].map(fillFromProduct),
      ...createTable({
        name: "sale_changes",
        lines: saleChanges(types),
        indexes: { changes_of_sale: ["sale_id", "id"] },
      }),
    ];
  },
};

const firstRevision = `insert into ledger_revision (id, revision)
  select 1, 0 from (select 1 as one) as single where not exists (select 1 from ledger_revision)`;

/** One row. Each change of a sale raises it in its own transaction, and so waits for the change before it. */
const ledgerRevision = ({ integer }: ColumnTypes) => [
  `id ${integer} not null primary key`,
  `revision ${integer} not null`,
];

const saleChanges = ({ id, integer, sequence, text }: ColumnTypes) => [
  `id ${sequence}`,
  `sale_id ${id} not null`,
  `product_id ${id}`,
  `version ${integer} not null`,
  `action ${text(32)} not null`,
  `actor ${text(200)} not null`,
  `at_ms ${integer} not null`,
  `before_change ${text(4_000)}`,
  `after_change ${text(4_000)} not null`,
];

function fillFromProduct(column: string): string {
  const target = column === "name" ? "product_name" : column;
  const value = `(select products.${column} from products where products.id = orders.product_id)`;
  return `update orders set ${target} = ${value} where ${target} is null`;
}
