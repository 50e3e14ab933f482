import type { ColumnTypes } from "../database/ledger-database.ts";
import type { Migration } from "./migration.ts";

/**
 * Payments and their refunds. Since this step a payment does not touch its product's
 * row: `products.reserved` counts all active orders, paid ones too, and `sold` stays 0. See docs/decisions/0050.
 */
export const payments: Migration = {
  version: 5,
  name: "payments",
  statements: ({ types, createTable, addColumn }) => [
    ...addColumn("orders", "refunded_at_ms", types.integer),
    ...addColumn("orders", "paid_with", types.id),
    ...createTable({
      name: "payments",
      lines: paymentLines(types),
      indexes: { payments_of_order: ["reservation_id"], payments_to_ask_for: ["state", "ask_at_ms"] },
    }),
    ...createTable({ name: "payment_events", lines: eventLines(types) }),
    ...createTable({
      name: "refunds",
      lines: refundLines(types),
      indexes: { refunds_to_send: ["refunded_at_ms", "try_at_ms"] },
    }),
    "update orders set paid_with = 'none' where state = 'paid' and paid_with is null",
    "update products set reserved = reserved + sold, sold = 0 where sold > 0",
  ],
};

const paymentLines = ({ id, integer, text }: ColumnTypes) => [
  `id ${id} not null primary key`,
  `reservation_id ${id} not null`,
  `provider ${text(16)} not null`,
  `state ${text(16)} not null`,
  `amount_minor ${integer} not null`,
  `currency ${text(3)} not null`,
  `created_at_ms ${integer} not null`,
  `decided_at_ms ${integer}`,
  `ask_at_ms ${integer} not null`,
  `provider_id ${text(255)}`,
  `pay_url ${text(2000)}`,
  `constraint payments_order foreign key (reservation_id) references orders (reservation_id)`,
];

/** The primary key is what makes a callback safe to repeat. */
const eventLines = ({ id, integer, text }: ColumnTypes) => [
  `id ${text(255)} not null primary key`,
  `payment_id ${id} not null`,
  `kind ${text(16)} not null`,
  `received_at_ms ${integer} not null`,
];

/** The primary key allows one refund per payment, so that no money goes back twice. */
const refundLines = ({ id, integer, text }: ColumnTypes) => [
  `payment_id ${id} not null primary key`,
  `amount_minor ${integer} not null`,
  `currency ${text(3)} not null`,
  `reason ${text(32)} not null`,
  `requested_at_ms ${integer} not null`,
  `try_at_ms ${integer} not null`,
  `tries ${integer} not null`,
  `last_error ${text(500)}`,
  `refunded_at_ms ${integer}`,
  `constraint refunds_payment foreign key (payment_id) references payments (id)`,
];
