import type { Migration } from "./migration.ts";

/** Which person has which account. A table, and no column: SQLite adds no unique column. See docs/decisions/0097. */
export const persons: Migration = {
  version: 14,
  name: "persons",
  statements: ({ types: { id }, createTable }) =>
    createTable({
      name: "persons",
      lines: [
        `person_id ${id} not null primary key`,
        `user_id ${id} not null`,
        "constraint persons_user unique (user_id)",
      ],
    }),
};
