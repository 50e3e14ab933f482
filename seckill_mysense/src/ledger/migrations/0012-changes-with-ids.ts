import type { Migration } from "./migration.ts";

/** A change that is repeated after its answer was lost finds by its id that it has been made. */
export const changesWithIds: Migration = {
  version: 12,
  name: "changes with ids",
  statements: ({ types, addColumn, addIndex }) => [
    ...addColumn("sale_changes", "change_id", types.id),
    ...addIndex("sale_changes", "changes_by_id", ["change_id"]),
  ],
};
