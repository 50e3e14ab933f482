import type { ColumnTypes } from "../database/ledger-database.ts";
import type { Migration } from "./migration.ts";

/** Sessions that are over before their time. See docs/decisions/0089. */
export const revocations: Migration = {
  version: 13,
  name: "revocations",
  statements: ({ types, createTable, addColumn }) => [
    ...addColumn("users", "session_epoch", `${types.integer} not null default 0`),
    ...createTable({
      name: "revocations",
      lines: revocationLines(types),
      indexes: { revocations_by_revision: ["revision"], revocations_by_end: ["until_ms"] },
    }),
    firstRevision,
  ],
};

/** No foreign key: a revocation outlives its user. */
const revocationLines = ({ id, integer, text }: ColumnTypes) => [
  `user_id ${id} not null`,
  `session_id ${id} not null`,
  `least_epoch ${integer} not null`,
  `reason ${text(16)} not null`,
  `until_ms ${integer} not null`,
  `revision ${integer} not null`,
  "primary key (user_id, session_id)",
];

/** A counter of its own: those who log out do not wait for merchants. */
const firstRevision = `insert into ledger_revision (id, revision)
  select 2, 0 from (select 1 as one) as single where not exists (select 1 from ledger_revision where id = 2)`;
