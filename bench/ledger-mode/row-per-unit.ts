import { SQL } from "bun";
import type { MysqlDatabase } from "../../tools/test-services/index.ts";

/**
 * The peer: a row for each unit, of which a transaction takes a free one with SKIP LOCKED, and inserts the order. It counts
 * no totals, keeps no limit per user, and knows no returns: what follows is what this scheme costs at least.
 */
export async function sellByRows(database: MysqlDatabase, orders: number, connections: number): Promise<number> {
  await using sql = new SQL(database.url, { max: connections });
  await sql.unsafe(
    "create table units (id int primary key, reservation_id varchar(64), key free_units (reservation_id))",
  );
  await sql.unsafe("create table unit_orders (reservation_id varchar(64) primary key, user_id varchar(64) not null)");
  for (let start = 0; start < orders; start += 1_000) {
    const ids = Array.from({ length: Math.min(1_000, orders - start) }, (_none, index) => `(${start + index})`);
    await sql.unsafe(`insert into units (id) values ${ids.join(",")}`);
  }
  const startedMs = performance.now();
  let left = orders;
  const buy = async (): Promise<void> => {
    while (left-- > 0) {
      const id = crypto.randomUUID();
      await sql.begin(async (transaction) => {
        const [unit] = (await transaction`
          select id from units where reservation_id is null limit 1 for update skip locked
        `) as { id: number }[];
        if (unit === undefined) throw new Error("a unit is missing");
        await transaction`update units set reservation_id = ${id} where id = ${unit.id}`;
        await transaction`insert into unit_orders values (${id}, ${id})`;
      });
    }
  };
  await Promise.all(Array.from({ length: connections }, buy));
  return (orders / (performance.now() - startedMs)) * 1000;
}
