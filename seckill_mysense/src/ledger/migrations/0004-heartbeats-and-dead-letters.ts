import type { ColumnTypes } from "../database/ledger-database.ts";
import type { Migration } from "./migration.ts";

export const heartbeatsAndDeadLetters: Migration = {
  version: 4,
  name: "heartbeats and dead letters",
  statements: ({ types, createTable }) => [
    ...createTable({ name: "heartbeats", lines: heartbeats(types) }),
    ...createTable({
      name: "dead_letters",
      lines: deadLetters(types),
      indexes: { dead_letters_by_state: ["state", "kept_at_ms"] },
    }),
  ],
};

/** One row for each running process. */
const heartbeats = ({ id, integer, text }: ColumnTypes) => [
  `instance ${id} not null primary key`,
  `role ${text(16)} not null`,
  `host ${text(255)} not null`,
  `started_at_ms ${integer} not null`,
  `seen_at_ms ${integer} not null`,
  `details ${text(4_000)} not null`,
];

/** The id is a hash of the body, so that a message that is delivered twice is kept once. */
const deadLetters = ({ id, integer, text, bytes }: ColumnTypes) => [
  `id ${id} not null primary key`,
  `reservation_id ${id}`,
  `product_id ${id}`,
  `user_id ${id}`,
  `reason ${text(32)} not null`,
  `detail ${text(500)} not null`,
  `body ${bytes} not null`,
  `body_bytes ${integer} not null`,
  `state ${text(16)} not null`,
  `kept_at_ms ${integer} not null`,
  `settled_at_ms ${integer}`,
  `settled_by ${text(100)}`,
  `outcome ${text(200)}`,
];
