import type { SaleProduct } from "../../src/domain/sale.ts";
import { startGateway } from "../../src/gateway/gateway.ts";
import { HealthBoard } from "../../src/health/health-board.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { silentLogger } from "../../src/logging/logger.ts";
import { startSweeper, type Sweeper } from "../../src/orders/sweeper.ts";
import type { Payment } from "../../src/domain/payment.ts";
import { startPaymentKeeper, type PaymentKeeper } from "../../src/payments/payment-keeper.ts";
import { PaymentProviders } from "../../src/payments/payment-providers.ts";
import { startPayment } from "../../src/payments/start-payment.ts";
import { SimulatorProvider } from "../../src/payments/simulator-provider.ts";
import { type SimulatedBehaviour } from "../../src/payments/simulator-messages.ts";
import { startPaymentSimulator } from "../../src/payments/simulator/payment-simulator.ts";
import { checkSettings } from "../../src/settings/load-settings.ts";
import { systemClock } from "../../src/time/clock.ts";
import { renderReport } from "../../src/verify/verification-report.ts";
import { verifySale } from "../../src/verify/verify-sale.ts";
import { createSale } from "../contract/ledger/ledger-fixtures.ts";
import type { LedgerPlace } from "../contract/ledger/ledger-places.ts";
import { acceptAndHandOver } from "../fakes/accept-and-hand-over.ts";
import { MemoryGate } from "../fakes/memory-gate.ts";
import { testSecret } from "../fakes/test-gateway.ts";

export const apiKey = "key-of-the-simulator";
export const callbackSecret = "callback-secret-0123456789-abcdefghijkl";

export interface PayingShop extends AsyncDisposable {
  readonly ledger: Ledger;
  readonly product: SaleProduct;
  /** Where callbacks go. */
  readonly callbackUrl: string;
  readonly url: string;
  /** What operators see of the gateway. */
  metricsText(): Promise<string>;
  readonly sweeper: Sweeper;
  /** Orders of new buyers, each with a started payment. */
  order(count: number, payWithinMs: number): Promise<string[]>;
  /** The latest payment of each order. */
  payments(reservationIds: readonly string[]): Promise<Payment[]>;
  /** The keeper of payments, as a sweeper runs it. The caller stops it. */
  keep(): PaymentKeeper;
  behave(behaviour: SimulatedBehaviour): Promise<void>;
  release(): Promise<void>;
  figures(): Promise<Record<"payments" | "refunded" | "held" | "unsent" | "sent" | "asked", number>>;
  /** Throws with the report if an invariant of the sale is violated. */
  verify(): Promise<void>;
}

/** A gateway over a real ledger, and a simulated provider, which share the test's clock. */
export async function startPayingShop(place: LedgerPlace, now: () => number): Promise<PayingShop> {
  const ledger = place.connect({ now });
  await ledger.migrate();
  const { sale, product } = await createSale(ledger, { total: 200 });
  const gate = new MemoryGate(now);
  await gate.arm(sale, product, product.total);
  // The simulator needs the address of the gateway, and the gateway that of the simulator.
  let callbackUrl = "";
  const simulator = startPaymentSimulator({
    host: "127.0.0.1",
    port: 0,
    callbackUrl: () => callbackUrl,
    apiKey,
    callbackSecret,
    timeoutMs: 10_000,
    now,
  });
  const provider = new SimulatorProvider({
    apiUrl: simulator.url,
    apiKey,
    callbackSecret,
    callbackToleranceMs: 300_000,
    timeoutMs: 5_000,
  });
  const health = new HealthBoard({ logger: silentLogger, now });
  const settings = checkSettings({ backend: { host: "127.0.0.1", api_port: 0 } }, "/");
  const parts = { gate, ledger, provider, settings, secrets: [testSecret], logger: silentLogger, health };
  const gateway = await startGateway({ ...parts, ...systemClock, now });
  const url = `http://127.0.0.1:${gateway.port}`;
  callbackUrl = `${url}/api/payments/callback`;
  const { orders, bundles, payments, returns } = ledger;
  /** Reservation ids to the ids of their payments. */
  const started = new Map<string, string>();
  const sweeper = startSweeper({ orders, bundles, returns, gate, now, intervalMs: 3_600_000 });
  const ask = async (path: string, body?: object): Promise<unknown> => {
    const response = await fetch(simulator.url + path, {
      method: body === undefined ? "GET" : "POST",
      headers: { authorization: `Bearer ${apiKey}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  return {
    ledger,
    product,
    url,
    metricsText: () => gateway.metricsText(),
    callbackUrl,
    sweeper,
    async order(count, payWithinMs) {
      const accepted = await Promise.all(Array.from({ length: count }, () => acceptAndHandOver(gate, product)));
      await orders.record(accepted, { payWithinMs });
      const ids = accepted.map(({ reservationId }) => reservationId);
      const noting: Pick<Ledger["payments"], "open" | "markCreated"> = {
        async open(id, options) {
          const outcome = await payments.open(id, options);
          if (outcome.kind === "open") started.set(id, outcome.payment.id);
          return outcome;
        },
        markCreated: (...created) => payments.markCreated(...created),
      };
      const start = { payments: noting, provider, askAfterMs: 60_000, now };
      for (const id of ids) await startPayment(id, [(await orders.read(id))!], start);
      return ids;
    },
    payments: (ids) => Promise.all(ids.map(async (id) => (await payments.read(started.get(id)!))!)),
    keep: () =>
      startPaymentKeeper({
        payments,
        providers: new PaymentProviders(provider),
        askForMs: 86_400_000,
        now,
        intervalMs: 3_600_000,
      }),
    behave: async (behaviour) => void (await ask("/behaviour", behaviour)),
    release: async () => void (await ask("/callbacks/release", {})),
    figures: async () => (await ask("/figures")) as Awaited<ReturnType<PayingShop["figures"]>>,
    async verify() {
      const report = await verifySale({ saleId: sale.id, ledger, gate });
      if (!report.ok) throw new Error(renderReport(report));
    },
    async [Symbol.asyncDispose]() {
      await sweeper.stop();
      await simulator.stop();
      await gateway.stop(1_000);
    },
  };
}
