import type { ColumnTypes } from "../database/ledger-database.ts";
import type { Migration } from "./migration.ts";

export const bookOfOrders: Migration = {
  version: 1,
  name: "book of orders",
  statements: ({ types, createTable }) => [
    ...createTable({ name: "sales", lines: sales(types) }),
    ...createTable({ name: "products", lines: products(types), indexes: { products_of_sale: ["sale_id"] } }),
    ...createTable({ name: "users", lines: users(types) }),
    ...createTable({ name: "orders", lines: orders(types), indexes: { orders_to_expire: ["state", "pay_before_ms"] } }),
    ...createTable({
      name: "rejections",
      lines: rejections(types),
      indexes: { rejections_of_product: ["product_id", "reason"] },
    }),
    ...createTable({
      name: "stock_returns",
      lines: stockReturns(types),
      indexes: { returns_to_apply: ["applied_at_ms", "id"], returns_of_product: ["product_id"] },
    }),
  ],
};

const sales = ({ id, integer, text }: ColumnTypes) => [
  `id ${id} not null primary key`,
  `title ${text(200)} not null`,
  `starts_at_ms ${integer} not null`,
  `ends_at_ms ${integer} not null`,
];

/** The CHECK is the last defence of "never oversold": the database refuses, whatever a program tries. */
const products = ({ id, integer, text }: ColumnTypes) => [
  `id ${id} not null primary key`,
  `sale_id ${id} not null`,
  `name ${text(200)} not null`,
  `price_minor ${integer} not null`,
  `currency ${text(3)} not null`,
  `total ${integer} not null`,
  `reserved ${integer} not null`,
  `sold ${integer} not null`,
  `limit_per_user ${integer} not null`,
  `epoch ${integer} not null`,
  `constraint stock_never_oversold check (reserved >= 0 and sold >= 0 and reserved + sold <= total)`,
  `constraint products_sale foreign key (sale_id) references sales (id)`,
];

const users = ({ id, integer, text }: ColumnTypes) => [
  `id ${id} not null primary key`,
  `name ${text(100)} not null`,
  `name_key ${text(200)} not null`,
  `password_hash ${text(500)} not null`,
  `created_at_ms ${integer} not null`,
  `constraint users_name unique (name_key)`,
];

const orders = ({ id, integer, text }: ColumnTypes) => [
  `reservation_id ${id} not null primary key`,
  `sale_id ${id} not null`,
  `product_id ${id} not null`,
  `user_id ${id} not null`,
  `state ${text(16)} not null`,
  `epoch ${integer} not null`,
  `accepted_at_ms ${integer} not null`,
  `recorded_at_ms ${integer} not null`,
  `pay_before_ms ${integer} not null`,
  `active_slot ${integer}`,
  `constraint orders_within_limit unique (product_id, user_id, active_slot)`,
  `constraint orders_product foreign key (product_id) references products (id)`,
];

/** No foreign keys, because a rejected reservation may name a product that does not exist. */
const rejections = ({ id, integer, text }: ColumnTypes) => [
  `reservation_id ${id} not null primary key`,
  `sale_id ${id}`,
  `product_id ${id}`,
  `user_id ${id}`,
  `reason ${text(32)} not null`,
  `rejected_at_ms ${integer} not null`,
];

/** The unique key allows one return per reservation, so that no unit returns twice. */
const stockReturns = ({ id, integer, sequence }: ColumnTypes) => [
  `id ${sequence}`,
  `reservation_id ${id} not null`,
  `sale_id ${id} not null`,
  `product_id ${id} not null`,
  `user_id ${id} not null`,
  `epoch ${integer} not null`,
  `released_at_ms ${integer} not null`,
  `applied_at_ms ${integer}`,
  `constraint returns_once unique (reservation_id)`,
];
