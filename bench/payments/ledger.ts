import type { AcceptedReservation } from "../../seckill_mysense/src/domain/reservation.ts";
import type { SaleProduct } from "../../seckill_mysense/src/domain/sale.ts";
import type { Ledger } from "../../seckill_mysense/src/ledger/ledger.ts";
import { mysqlLedger } from "../../seckill_mysense/src/ledger/mysql-ledger.ts";
import { renderReport } from "../../seckill_mysense/src/verify/verification-report.ts";
import { verifySale } from "../../seckill_mysense/src/verify/verify-sale.ts";
import { freshMysqlDatabase } from "../../tools/test-services/index.ts";

// Payments of one product on MariaDB by many buyers at once, and what they do to reads through the same pool.
// Run: bun bench/payments/ledger.ts [payers] [seconds]
const payers = Number(process.argv[2] ?? 400);
const seconds = Number(process.argv[3] ?? 5);
/** Reads of single orders, sent at this rate whatever the answers take. */
const readsPerSecond = 100;
const orderCount = 60_000;
const recordBatch = 500;
/** Payments through a provider, each with one callback. */
const callbackCount = 8_000;

const database = await freshMysqlDatabase();
const ledger = mysqlLedger({ ...database, poolSize: 10 });
try {
  await ledger.migrate();
  const product = await createProduct(ledger);
  const orders = await recordOrders(ledger, product);
  const alone = await readSteadily(ledger, orders, () => Bun.sleep(seconds * 1_000));
  const payments: number[] = [];
  let paidInMs = 0;
  const during = await readSteadily(ledger, orders, async () => {
    paidInMs = await pay(ledger, orders, payments);
  });
  const rate = Math.round((payments.length * 1_000) / paidInMs).toLocaleString("en");
  console.log(`${payers} payers of one product: ${rate} payments/s, ${describe(payments)}`);
  await measureCallbacks(ledger, orders.slice(-callbackCount));
  console.log(`reads alone: ${describe(alone)}`);
  console.log(`reads during the payments: ${describe(during)}`);
  const report = await verifySale({ saleId: product.saleId, ledger });
  if (!report.ok) throw new Error(renderReport(report));
} finally {
  await ledger.close();
  await database.drop();
}

/** The callbacks of a provider after an outage: all at once. The orders at the end are not paid yet. */
async function measureCallbacks(ledger: Ledger, orders: readonly AcceptedReservation[]): Promise<void> {
  const money = { amountMinor: 9_900, currency: "EUR" };
  const options = { ...money, provider: "simulator", nowMs: Date.now(), askAtMs: Date.now() };
  const waiting = orders.values();
  const paymentIds: string[] = [];
  const opener = async (): Promise<void> => {
    for (const { reservationId } of waiting) {
      const opened = await ledger.payments.open(reservationId, options);
      if (opened.kind === "open") paymentIds.push(opened.payment.id);
    }
  };
  await Promise.all(Array.from({ length: 8 }, opener));
  const startMs = performance.now();
  const outcomes = await Promise.all(
    paymentIds.map((paymentId) =>
      ledger.payments.apply({ id: `event-${paymentId}`, paymentId, kind: "succeeded", money }),
    ),
  );
  const rate = Math.round((outcomes.length * 1_000) / (performance.now() - startMs)).toLocaleString("en");
  const paid = outcomes.filter((outcome) => outcome === "paid").length;
  console.log(`${outcomes.length} callbacks at once: ${rate}/s, ${paid} orders paid`);
}

/** Every payer pays one order after the other. Gives the time until the last payment, in milliseconds. */
async function pay(ledger: Ledger, orders: readonly AcceptedReservation[], latenciesMs: number[]): Promise<number> {
  const startMs = performance.now();
  const endMs = startMs + seconds * 1_000;
  let next = 0;
  const payer = async (): Promise<void> => {
    while (performance.now() < endMs && next < orders.length - callbackCount) {
      const askedMs = performance.now();
      const { kind } = await ledger.orders.pay(orders[next++]!.reservationId, Date.now());
      if (kind !== "done") throw new Error(`a payment was ${kind}`);
      latenciesMs.push(performance.now() - askedMs);
    }
  };
  await Promise.all(Array.from({ length: payers }, payer));
  return performance.now() - startMs;
}

/** Latencies of reads in milliseconds while `work` runs. Reads do not wait for each other. */
async function readSteadily(
  ledger: Ledger,
  orders: readonly AcceptedReservation[],
  work: () => Promise<void>,
): Promise<number[]> {
  const latenciesMs: number[] = [];
  const reads: Promise<void>[] = [];
  const read = async (): Promise<void> => {
    const askedMs = performance.now();
    await ledger.orders.read(orders[reads.length % orders.length]!.reservationId);
    latenciesMs.push(performance.now() - askedMs);
  };
  const timer = setInterval(() => reads.push(read()), 1_000 / readsPerSecond);
  await work();
  clearInterval(timer);
  await Promise.all(reads);
  return latenciesMs;
}

function describe(latenciesMs: number[]): string {
  const sorted = latenciesMs.toSorted((left, right) => left - right);
  const at = (share: number): string => `${(sorted[Math.floor(sorted.length * share)] ?? Number.NaN).toFixed(1)} ms`;
  return `p50 ${at(0.5)}, p99 ${at(0.99)} (${sorted.length})`;
}

async function createProduct(ledger: Ledger): Promise<SaleProduct> {
  const product: SaleProduct = {
    id: "phone",
    saleId: "spring",
    name: "Phone",
    priceMinor: 9_900,
    currency: "EUR",
    total: orderCount,
    limitPerUser: 1,
    epoch: 1,
  };
  const sale = { id: product.saleId, title: "Phones", startsAtMs: 0, endsAtMs: Date.now() + 1_000_000 };
  await ledger.sales.create(sale, [product]);
  return product;
}

async function recordOrders(ledger: Ledger, product: SaleProduct): Promise<AcceptedReservation[]> {
  const orders = Array.from({ length: orderCount }, () => ({
    reservationId: crypto.randomUUID(),
    saleId: product.saleId,
    productId: product.id,
    userId: crypto.randomUUID(),
    epoch: 1,
    acceptedAtMs: Date.now(),
  }));
  for (let start = 0; start < orders.length; start += recordBatch) {
    await ledger.orders.record(orders.slice(start, start + recordBatch), { payWithinMs: 900_000 });
  }
  return orders;
}
