import { readFileSync } from "node:fs";
import { join } from "node:path";

const page = readFileSync(join(import.meta.dir, "../../../docs/sale.md"), "utf8");

/** The GRANT statements that docs/sale.md gives for all roles. */
export function documentedGrants(database: string): string[] {
  const section = page.slice(page.indexOf("## Users of MySQL"), page.indexOf("## When something is wrong"));
  return [...section.matchAll(/```sql\n([^`]*)```/g)].flatMap(([, block]) => statementsOf(block!, database));
}

/** Those that it gives for sales without a gate. */
export function gatelessGrants(database: string): string[] {
  const section = page.slice(page.indexOf("## Small sales"), page.indexOf("## Watching it"));
  return [...section.matchAll(/`(GRANT [^`]*)`/g)].flatMap(([, statement]) => statementsOf(statement!, database));
}

function statementsOf(text: string, database: string): string[] {
  const statements = text.split(";").map((statement) => statement.trim().replaceAll("seckill.", `${database}.`));
  return statements.filter((statement) => statement !== "");
}
