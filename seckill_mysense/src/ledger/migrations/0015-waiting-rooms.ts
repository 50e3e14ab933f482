import type { ColumnTypes } from "../database/ledger-database.ts";
import type { Migration } from "./migration.ts";

/** Waiting rooms in front of sales. See docs/decisions/0099. */
export const waitingRooms: Migration = {
  version: 15,
  name: "waiting rooms",
  statements: ({ types, createTable, addColumn }) => [
    ...addColumn("sales", "room", types.text(maxSettings)),
    ...createTable({ name: "rooms", lines: roomLines(types) }),
    ...createTable({ name: "room_entries", lines: entryLines(types) }),
    ...createTable({ name: "room_steps", lines: stepLines(types) }),
    ...createTable({ name: "room_uses", lines: useLines(types) }),
  ],
};

/** A room with as many witnesses as there may be. */
const maxSettings = 8_000;

const roomLines = ({ id, integer, sequence, text, bytes, fixedBytes }: ColumnTypes) => [
  `id ${sequence}`,
  `sale_id ${id} not null`,
  `mode ${text(8)} not null`,
  `opens_at_ms ${integer} not null`,
  `closes_at_ms ${integer}`,
  `use_within_ms ${integer} not null`,
  `rules ${bytes} not null`,
  `rules_hash ${fixedBytes(32)} not null`,
  `secret ${fixedBytes(32)} not null`,
  `receipt_key ${fixedBytes(32)} not null`,
  `pseudonym_key ${fixedBytes(32)} not null`,
  `entries ${integer} not null default 0`,
  `head ${fixedBytes(32)} not null`,
  `last_entry_ms ${integer} not null default 0`,
  `drawn_entries ${integer}`,
  `drawn_head ${fixedBytes(32)}`,
  `root ${fixedBytes(32)}`,
  `public_value ${bytes}`,
  `seed ${fixedBytes(32)}`,
  `begins_at_ms ${integer}`,
  `per_1000_seconds ${integer} not null`,
  `on_hold ${integer} not null`,
  `used ${integer} not null default 0`,
  `judged ${integer} not null default 0`,
  `passed_on ${integer} not null default 0`,
  `revision ${integer} not null default 1`,
  "constraint rooms_sale unique (sale_id)",
  "constraint rooms_of_sale foreign key (sale_id) references sales (id)",
];

/** No foreign key: each of many entries would lock the room's row. The room's number is short, because the rows are many. */
const entryLines = ({ integer, fixedBytes }: ColumnTypes) => [
  `room_id ${integer} not null`,
  `number ${integer} not null`,
  `pseudonym ${fixedBytes(16)} not null`,
  `entered_at_ms ${integer} not null`,
  "primary key (room_id, number)",
  "constraint room_entries_once unique (room_id, pseudonym)",
];

const stepLines = ({ integer }: ColumnTypes) => [
  `room_id ${integer} not null`,
  `step ${integer} not null`,
  `since_ms ${integer} not null`,
  `millionths ${integer} not null`,
  `per_1000_seconds ${integer} not null`,
  "primary key (room_id, step)",
];

const useLines = ({ integer }: ColumnTypes) => [
  `room_id ${integer} not null`,
  `place ${integer} not null`,
  `used_at_ms ${integer} not null`,
  "primary key (room_id, place)",
];
