import type { AcceptedReservation } from "../../seckill_mysense/src/domain/reservation.ts";
import { Sessions, sessionCookieName } from "../../seckill_mysense/src/authorization/sessions.ts";
import { mysqlLedger } from "../../seckill_mysense/src/ledger/mysql-ledger.ts";
import { freshMysqlDatabase } from "../../tools/test-services/index.ts";
import { load, type LoadResult } from "../seckill/http-load.ts";
import { demoProductId, startSale, tokenSecret } from "../seckill/sale.ts";

// Payments of one product through the web server, on MariaDB, and reads of reservations meanwhile: the whole program,
// with the embedded gate and queue. Run: bun bench/payments/http.ts [payers] [orders]
const payers = Number(process.argv[2] ?? 400);
const orderCount = Number(process.argv[3] ?? 12_000);
const readsPerSecond = 100;
const recordBatch = 500;

const database = await freshMysqlDatabase();
const { host, port, user: user_name, password: pass_word, database: db_name } = database;
const sale = await startSale({
  units: orderCount,
  parts: { mysql: { host, port, user_name, pass_word, db_name }, limits: { api_per_user: { burst: 10_000_000 } } },
});
try {
  const orders = await recordOrders();
  const sessions = new Sessions([tokenSecret], 3_600_000);
  const request = (method: string, order: AcceptedReservation, rest: string): Uint8Array => {
    const { cookie } = sessions.open({ id: order.userId, name: "Ada", sessionEpoch: 0 }, Date.now());
    const head = `Host: localhost\r\nCookie: ${sessionCookieName}=${cookie}\r\nContent-Length: 0\r\n\r\n`;
    return Buffer.from(`${method} ${rest} HTTP/1.1\r\n${head}`);
  };
  const reads = orders
    .slice(0, 1_000)
    .map((order) => request("GET", order, `/api/reservations/${order.reservationId}`));
  const pays = orders.map((order) => request("POST", order, `/api/orders/${order.reservationId}/pay`));
  const read = (count: number): Promise<LoadResult> =>
    load({ port: sale.port, connections: 32, requests: reads, count, ratePerSecond: readsPerSecond });

  console.log(`reads alone: ${describe(await read(300))}`);
  const paying = load({ port: sale.port, connections: payers, requests: pays, count: pays.length });
  // Reads go on for as long as the payments.
  const during: LoadResult[] = [];
  let isPaying = true;
  void paying.finally(() => (isPaying = false));
  while (isPaying) during.push(await read(readsPerSecond));
  const paid = await paying;
  console.log(`${payers} payers of one product: ${Math.round(paid.perSecond)} payments/s, ${describe(paid)}`);
  for (const result of during) console.log(`reads during the payments: ${describe(result)}`);
} finally {
  await sale.stop();
  await database.drop();
}

function describe({ latencyMs: { p50, p99 }, statuses }: LoadResult): string {
  return `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, answers ${JSON.stringify(statuses)}`;
}

async function recordOrders(): Promise<AcceptedReservation[]> {
  const ledger = mysqlLedger(database);
  const orders = Array.from({ length: orderCount }, () => ({
    reservationId: crypto.randomUUID(),
    saleId: sale.window.saleId,
    productId: demoProductId,
    userId: crypto.randomUUID(),
    epoch: 1,
    acceptedAtMs: Date.now(),
  }));
  for (let start = 0; start < orders.length; start += recordBatch) {
    await ledger.orders.record(orders.slice(start, start + recordBatch), { payWithinMs: 900_000 });
  }
  await ledger.close();
  return orders;
}
