import type { Migration } from "./migration.ts";

/** Rooms whose rate follows the load of the checkout. See docs/decisions/0108. */
export const ratesByLoad: Migration = {
  version: 18,
  name: "rates by load",
  statements: ({ types: { integer }, addColumn }) => [
    ...addColumn("rooms", "least_per_1000_seconds", integer),
    ...addColumn("rooms", "most_per_1000_seconds", integer),
  ],
};
