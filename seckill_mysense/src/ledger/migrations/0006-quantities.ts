import type { Migration } from "./migration.ts";

/** Orders had a quantity before, which was 1. */
export const quantities: Migration = {
  version: 6,
  name: "quantities",
  statements: ({ types, addColumn }) => addColumn("stock_returns", "quantity", `${types.integer} not null default 1`),
};
