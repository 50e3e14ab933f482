import { rmSync } from "node:fs";
import { join } from "node:path";
import type { AcceptedReservation } from "../seckill_mysense/src/domain/reservation.ts";
import type { SaleProduct } from "../seckill_mysense/src/domain/sale.ts";
import type { Ledger } from "../seckill_mysense/src/ledger/ledger.ts";
import { mysqlLedger } from "../seckill_mysense/src/ledger/mysql-ledger.ts";
import { sqliteLedger } from "../seckill_mysense/src/ledger/sqlite-ledger.ts";
import { renderReport } from "../seckill_mysense/src/verify/verification-report.ts";
import { verifySale } from "../seckill_mysense/src/verify/verify-sale.ts";
import { freshMysqlDatabase, temporaryFolder } from "../tools/test-services/index.ts";

// Orders committed per second, of one product, by batch size and number of batches in flight; then payments and
// expiries. Run: bun bench/ledger.ts [seconds for each line]
const secondsPerLine = Number(process.argv[2] ?? 2);
const batchSizes = [1, 10, 100, 300, 1_000];
const inFlightCounts = [1, 2, 4];

const database = await freshMysqlDatabase();
const folder = temporaryFolder("bench-ledger");
const ledgers: [string, Ledger][] = [
  ["MariaDB", mysqlLedger(database)],
  ["SQLite", sqliteLedger({ file: join(folder, "ledger.sqlite") })],
];
for (const [name, ledger] of ledgers) {
  await ledger.migrate();
  console.log(`${name}: orders committed`);
  console.log("  batch  in flight   orders/s  this process: CPU microseconds per order");
  for (const batchSize of batchSizes)
    for (const inFlight of inFlightCounts) await measureRecord(ledger, batchSize, inFlight);
  await measureTransitions(ledger);
  await ledger.close();
}
await database.drop();
rmSync(folder, { recursive: true });

async function measureRecord(ledger: Ledger, batchSize: number, inFlight: number): Promise<void> {
  const product = await createProduct(ledger);
  let orders = 0;
  const { seconds, cpuMicroseconds } = await measure(async (endMs) => {
    const writer = async (): Promise<void> => {
      while (performance.now() < endMs) {
        await ledger.orders.record(acceptMany(product, batchSize), { payWithinMs: 900_000 });
        orders += batchSize;
      }
    };
    await Promise.all(Array.from({ length: inFlight }, writer));
  });
  const rate = Math.round(orders / seconds).toLocaleString("en");
  const cost = (cpuMicroseconds / orders).toFixed(1);
  console.log(
    `  ${String(batchSize).padStart(5)}  ${String(inFlight).padStart(9)}  ${rate.padStart(9)}  ${cost.padStart(8)}`,
  );
  await expectClean(ledger, product);
}

async function measureTransitions(ledger: Ledger): Promise<void> {
  const product = await createProduct(ledger);
  const orders = acceptMany(product, 20_000);
  for (let start = 0; start < orders.length; start += 500) {
    await ledger.orders.record(orders.slice(start, start + 500), { payWithinMs: 900_000 });
  }
  let paid = 0;
  const { seconds } = await measure(async (endMs) => {
    const payer = async (): Promise<void> => {
      while (performance.now() < endMs && paid < orders.length / 2)
        await ledger.orders.pay(orders[paid++]!.reservationId, Date.now());
    };
    await Promise.all(Array.from({ length: 4 }, payer));
  });
  console.log(`  payments of one product, 4 in flight: ${Math.round(paid / seconds).toLocaleString("en")}/s`);

  const startMs = performance.now();
  const expired = await ledger.orders.expireUnpaid(Date.now() + 1_000_000, 10_000);
  const rate = Math.round((expired * 1_000) / (performance.now() - startMs));
  console.log(`  expiries: ${rate.toLocaleString("en")}/s`);
  await expectClean(ledger, product);
}

async function measure(work: (endMs: number) => Promise<void>): Promise<{ seconds: number; cpuMicroseconds: number }> {
  const startMs = performance.now();
  const before = process.cpuUsage();
  await work(startMs + secondsPerLine * 1_000);
  const { user, system } = process.cpuUsage(before);
  return { seconds: (performance.now() - startMs) / 1_000, cpuMicroseconds: user + system };
}

/** A figure of a ledger that is wrong is worth nothing. */
async function expectClean(ledger: Ledger, product: SaleProduct): Promise<void> {
  const report = await verifySale({ saleId: product.saleId, ledger });
  if (!report.ok) throw new Error(renderReport(report));
}

async function createProduct(ledger: Ledger): Promise<SaleProduct> {
  const saleId = `sale-${crypto.randomUUID()}`;
  const product: SaleProduct = {
    id: `product-${crypto.randomUUID()}`,
    saleId,
    name: "Phone",
    priceMinor: 9_900,
    currency: "EUR",
    total: 100_000_000,
    limitPerUser: 1,
    epoch: 1,
  };
  await ledger.sales.create({ id: saleId, title: "Phones", startsAtMs: 0, endsAtMs: Date.now() + 1_000_000 }, [
    product,
  ]);
  return product;
}

function acceptMany(product: SaleProduct, count: number): AcceptedReservation[] {
  return Array.from({ length: count }, () => ({
    reservationId: crypto.randomUUID(),
    saleId: product.saleId,
    productId: product.id,
    userId: crypto.randomUUID(),
    epoch: 1,
    acceptedAtMs: Date.now(),
  }));
}
