import type { Migration } from "./migration.ts";

export const buckets: Migration = {
  version: 10,
  name: "buckets",
  statements: ({ types, addColumn }) => [...addColumn("products", "lowering_for", types.id)],
};
