import type { Role } from "../roles/task.ts";
import type { Settings } from "../settings/settings.ts";
import type { Findings } from "./finding.ts";
import { migrationRights, neededGrants, type NeededGrant } from "./needed-grants.ts";

export type AskMysql = (statement: string) => Promise<Record<string, unknown>[]>;

/** Compares the rights of this user with those that docs/sale.md names for the role. */
export async function checkGrants(ask: AskMysql, findings: Findings, role: Role, settings: Settings): Promise<void> {
  const { db_name: database, migrate, user_name: user } = settings.mysql;
  const held = await readHeld(ask, database);
  const needed = neededBy(role, settings);
  const missing = needed.flatMap((grant) => missingOf(grant, held, database));
  const forTables = migrate ? migrationRights.filter((right) => !held.has(right)) : [];
  if (forTables.length > 0) missing.push(`${forTables.join(", ")} ON ${database}.*`);
  if (missing.length === 0) return findings.ok(`mysql.user_name has every right that ${describe(role)} needs`);
  const why = `${describe(role)} would fail with "denied" once it needs ${missing.length === 1 ? "it" : "them"}`;
  const remedy = missing.map((grant) => `GRANT ${grant} TO '${user}'@'...';`).join(" ");
  if (await hasRoles(ask)) {
    const what = "rights that come by a role of the server are not seen here, and these are not granted directly";
    return findings.warning(`${what}: ${missing.join("; ")}`, { why, remedy });
  }
  findings.problem(`mysql.user_name ${JSON.stringify(user)} lacks ${missing.join("; ")}`, { why, remedy });
}

const describe = (role: Role): string => (role === "all" ? "the whole system" : `the role ${role}`);

function neededBy(role: Role, { admin, quantity }: Settings): readonly NeededGrant[] {
  if (role !== "all") return neededGrants.filter(({ roles }) => roles.includes(role));
  const idle = [...(admin.secret === "" ? ["admin"] : []), ...(quantity.programs.length === 0 ? ["quantity"] : [])];
  return neededGrants.filter(({ roles }) => roles.some((each) => !idle.includes(each)));
}

/** Rights as "SELECT", "SELECT table" and "UPDATE table.column", by where they hold. */
async function readHeld(ask: AskMysql, database: string): Promise<ReadonlySet<string>> {
  // CURRENT_USER() is the account that the server has chosen, such as seckill@%.
  const who = "CONCAT(\"'\", REPLACE(CURRENT_USER(), '@', \"'@'\"), \"'\")";
  const place = `grantee = ${who} AND table_schema = '${database}'`;
  // Names of databases in GRANT may have wildcards, and an underscore may be escaped.
  const ofSchema = `grantee = ${who} AND '${database}' LIKE table_schema`;
  const rows = await ask(
    [
      `SELECT privilege_type AS held FROM information_schema.user_privileges WHERE grantee = ${who}`,
      `SELECT privilege_type FROM information_schema.schema_privileges WHERE ${ofSchema}`,
      `SELECT CONCAT(privilege_type, ' ', table_name) FROM information_schema.table_privileges WHERE ${place}`,
      `SELECT CONCAT(privilege_type, ' ', table_name, '.', column_name) FROM information_schema.column_privileges WHERE ${place}`,
    ].join(" UNION ALL "),
  );
  return new Set(rows.map(({ held }) => String(held)));
}

function missingOf(grant: NeededGrant, held: ReadonlySet<string>, database: string): string[] {
  const { rights, table, columns } = grant;
  const isHeld = (right: string): boolean => held.has(right) || held.has(`${right} ${table}`);
  const missing = rights.filter((right) => {
    if (isHeld(right)) return false;
    return columns === undefined || !columns.every((column) => held.has(`${right} ${table}.${column}`));
  });
  if (missing.length === 0) return [];
  const columnList = columns === undefined ? "" : ` (${columns.join(", ")})`;
  return [`${missing.join(", ")}${columnList} ON ${database}.${table}`];
}

/** MySQL says NONE where MariaDB says NULL. */
async function hasRoles(ask: AskMysql): Promise<boolean> {
  const [row] = await ask("SELECT CURRENT_ROLE() AS active");
  return row?.["active"] !== null && row?.["active"] !== "NONE";
}
