import { expect, test } from "bun:test";
import { maxBundleParts } from "../../src/domain/bundle.ts";
import type { Order } from "../../src/domain/order.ts";
import type { Payment } from "../../src/domain/payment.ts";
import { SimulatorProvider } from "../../src/payments/simulator-provider.ts";
import { startPaymentSimulator } from "../../src/payments/simulator/payment-simulator.ts";
import { startPayment } from "../../src/payments/start-payment.ts";
import { makeProduct, makeSale } from "../contract/ledger/ledger-fixtures.ts";

test("a bundle of the most products, with the longest names, can be paid", async () => {
  const [apiKey, callbackSecret] = ["key", "secret"];
  const timeoutMs = 5_000;
  const simulator = startPaymentSimulator({
    ...{ host: "127.0.0.1", port: 0, callbackUrl: () => "http://127.0.0.1:9", apiKey, callbackSecret, timeoutMs },
    now: Date.now,
  });
  const provider = new SimulatorProvider({
    ...{ apiUrl: simulator.url, apiKey, callbackSecret, callbackToleranceMs: 300_000, timeoutMs },
  });
  const { id: productId, saleId } = makeProduct(makeSale());
  const orderOf = (index: number): Order => ({
    ...{ reservationId: `r${index}`, saleId, productId, userId: "ada", state: "reserved", epoch: 1, quantity: 1 },
    ...{ priceMinor: 100, currency: "EUR", productName: `A${"📱".repeat(99)}`, acceptedAtMs: 1, payBeforeMs: 2 },
    ...{ recordedAtMs: 1, paidAtMs: undefined, cancelledAtMs: undefined, expiredAtMs: undefined },
    refundedAtMs: undefined,
  });
  const orders = Array.from({ length: maxBundleParts }, (_, index) => orderOf(index)) as [Order, ...Order[]];
  const payment: Payment = {
    ...{ id: "p", reservationId: "r0", provider: "simulator", state: "open", amountMinor: 800, currency: "EUR" },
    createdAtMs: 1,
  };
  const payments = {
    open: async () => ({ kind: "open" as const, payment, order: orders[0] }),
    markCreated: async () => {},
  };
  let description = "";
  const create = provider.create.bind(provider);
  provider.create = (request) => {
    ({ description } = request);
    return create(request);
  };
  const started = await startPayment("r0", orders, { payments, provider, askAfterMs: 1_000, now: () => 1 });
  expect(started.kind).toBe("started");
  // Half a character at the cut is left out.
  expect([description.length, description.at(-1), description.isWellFormed()]).toEqual([249, "…", true]);
  await simulator.stop();
});
