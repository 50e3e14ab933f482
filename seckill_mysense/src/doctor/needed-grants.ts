import type { Role } from "../roles/task.ts";

/** A right that a role needs on the ledger's tables once they exist. */
export interface NeededGrant {
  /** Such as INSERT. */
  readonly rights: readonly string[];
  /** "*" for every table. */
  readonly table: string;
  readonly roles: readonly Exclude<Role, "all">[];
  /** The right is needed on these columns alone. */
  readonly columns?: readonly string[];
}

/** What "Users of MySQL" in docs/sale.md grants; a test compares both. */
export const neededGrants: readonly NeededGrant[] = [
  { rights: ["SELECT"], table: "*", roles: ["gateway", "relay", "consumer", "sweeper", "admin"] },
  {
    rights: ["INSERT", "UPDATE", "DELETE"],
    table: "heartbeats",
    roles: ["gateway", "relay", "consumer", "sweeper", "admin"],
  },
  { rights: ["INSERT"], table: "users", roles: ["gateway"] },
  { rights: ["INSERT"], table: "persons", roles: ["gateway"] },
  { rights: ["UPDATE"], table: "users", roles: ["gateway"], columns: ["session_epoch"] },
  { rights: ["INSERT", "UPDATE"], table: "revocations", roles: ["gateway"] },
  { rights: ["DELETE"], table: "revocations", roles: ["sweeper"] },
  { rights: ["UPDATE"], table: "products", roles: ["gateway", "consumer", "sweeper", "admin"] },
  { rights: ["UPDATE"], table: "orders", roles: ["gateway", "sweeper", "admin"] },
  { rights: ["INSERT"], table: "stock_returns", roles: ["gateway", "consumer", "sweeper", "admin"] },
  { rights: ["UPDATE"], table: "stock_returns", roles: ["consumer", "sweeper"] },
  { rights: ["INSERT", "UPDATE"], table: "repairs", roles: ["gateway"] },
  { rights: ["UPDATE"], table: "ledger_revision", roles: ["gateway", "sweeper", "admin"] },
  { rights: ["INSERT"], table: "sale_changes", roles: ["gateway", "sweeper", "admin"] },
  { rights: ["UPDATE"], table: "sales", roles: ["sweeper", "admin"] },
  { rights: ["UPDATE"], table: "sales", roles: ["gateway"], columns: ["version", "revision"] },
  { rights: ["INSERT"], table: "sales", roles: ["admin"] },
  { rights: ["INSERT"], table: "products", roles: ["admin"] },
  { rights: ["INSERT"], table: "orders", roles: ["consumer"] },
  { rights: ["INSERT", "UPDATE"], table: "rejections", roles: ["consumer"] },
  { rights: ["INSERT", "UPDATE"], table: "dead_letters", roles: ["consumer"] },
  { rights: ["INSERT", "UPDATE"], table: "waiters", roles: ["gateway"] },
  { rights: ["UPDATE"], table: "waiters", roles: ["consumer", "sweeper"] },
  { rights: ["INSERT"], table: "room_entries", roles: ["gateway"] },
  { rights: ["INSERT"], table: "room_uses", roles: ["gateway"] },
  { rights: ["INSERT"], table: "room_steps", roles: ["gateway", "sweeper", "admin"] },
  { rights: ["DELETE"], table: "room_steps", roles: ["sweeper"] },
  { rights: ["UPDATE"], table: "rooms", roles: ["gateway", "sweeper", "admin"] },
  { rights: ["INSERT"], table: "rooms", roles: ["admin"] },
  { rights: ["UPDATE"], table: "invitation_codes", roles: ["gateway"] },
  { rights: ["INSERT", "UPDATE"], table: "invitation_codes", roles: ["admin"] },
  { rights: ["INSERT", "UPDATE"], table: "revocations", roles: ["admin"] },
  { rights: ["UPDATE"], table: "waiters", roles: ["admin"] },
  { rights: ["UPDATE"], table: "users", roles: ["admin"], columns: ["session_epoch"] },
  { rights: ["INSERT", "UPDATE"], table: "bundles", roles: ["gateway", "consumer"] },
  { rights: ["UPDATE"], table: "bundles", roles: ["sweeper", "admin"] },
  { rights: ["UPDATE"], table: "orders", roles: ["consumer"], columns: ["pay_before_ms"] },
  { rights: ["DELETE"], table: "program_requests", roles: ["sweeper"] },
  { rights: ["INSERT", "UPDATE"], table: "payments", roles: ["gateway", "sweeper"] },
  { rights: ["INSERT"], table: "payment_events", roles: ["gateway", "sweeper"] },
  { rights: ["DELETE"], table: "payment_events", roles: ["sweeper"] },
  { rights: ["INSERT", "UPDATE"], table: "refunds", roles: ["gateway", "sweeper"] },
  { rights: ["UPDATE"], table: "payments", roles: ["admin"] },
  { rights: ["INSERT", "UPDATE"], table: "refunds", roles: ["admin"] },
  { rights: ["SELECT"], table: "*", roles: ["quantity"] },
  { rights: ["INSERT", "UPDATE", "DELETE"], table: "heartbeats", roles: ["quantity"] },
  { rights: ["INSERT"], table: "program_requests", roles: ["quantity"] },
  { rights: ["UPDATE"], table: "products", roles: ["quantity"] },
  { rights: ["UPDATE"], table: "orders", roles: ["quantity"] },
  { rights: ["INSERT"], table: "stock_returns", roles: ["quantity"] },
  { rights: ["INSERT", "UPDATE"], table: "repairs", roles: ["quantity"] },
  { rights: ["UPDATE"], table: "ledger_revision", roles: ["quantity"] },
  { rights: ["INSERT"], table: "sale_changes", roles: ["quantity"] },
  { rights: ["UPDATE"], table: "sales", roles: ["quantity"], columns: ["version", "revision"] },
];

/** What the user needs who runs `seckill migrate`, or a role with mysql.migrate. */
export const migrationRights = ["CREATE", "ALTER", "INDEX", "REFERENCES", "SELECT", "INSERT", "UPDATE"] as const;
