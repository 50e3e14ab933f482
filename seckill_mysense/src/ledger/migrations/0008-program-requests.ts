import type { Migration } from "./migration.ts";

export const programRequests: Migration = {
  version: 8,
  name: "requests of other programs",
  statements: ({ types: { id, integer }, createTable }) =>
    createTable({
      name: "program_requests",
      lines: [
        `reservation_id ${id} not null primary key`,
        `program ${id} not null`,
        `request_id ${id} not null`,
        `sale_id ${id} not null`,
        `product_id ${id} not null`,
        `user_id ${id} not null`,
        `quantity ${integer} not null`,
        `requested_at_ms ${integer} not null`,
      ],
    }),
};
