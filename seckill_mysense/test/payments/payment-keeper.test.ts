import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Payment, PaymentEvent, Refund } from "../../src/domain/payment.ts";
import { HealthBoard } from "../../src/health/health-board.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { sqliteLedger } from "../../src/ledger/sqlite-ledger.ts";
import { createLogger } from "../../src/logging/logger.ts";
import { PaymentFigures } from "../../src/payments/payment-figures.ts";
import { startPaymentKeeper, type PaymentKeeper } from "../../src/payments/payment-keeper.ts";
import { type PaymentProvider, RefundFailedError } from "../../src/payments/payment-provider.ts";
import { PaymentProviders } from "../../src/payments/payment-providers.ts";
import { payWithinMs, recordOrders } from "../contract/ledger/ledger-fixtures.ts";
import { eventOf, openPayment } from "../contract/ledger/payment-fixtures.ts";

const minuteMs = 60_000;

describe("the keeper of payments", () => {
  let ledger: Ledger;
  let keeper: PaymentKeeper | undefined;
  let nowMs: number;
  let lines: Record<string, unknown>[];

  beforeEach(async () => {
    nowMs = 1_000_000;
    lines = [];
    ledger = sqliteLedger({ file: ":memory:", now: () => nowMs });
    await ledger.migrate();
  });
  afterEach(async () => {
    await keeper?.stop();
    await ledger.close();
  });

  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const logger = createLogger({ level: "warn", write, now: () => 0 });

  /** A provider at which every payment has succeeded; it notes what it was asked. */
  function provider(name: PaymentProvider["name"], changes: Partial<PaymentProvider> = {}) {
    const refunded: string[] = [];
    const made: PaymentProvider = {
      name,
      create: () => Promise.reject(new Error("not asked")),
      ask: async ({ id }: Payment): Promise<PaymentEvent> => ({ id: `asked:${id}`, paymentId: id, kind: "succeeded" }),
      end: async () => {},
      refund: async ({ paymentId }: Refund) => {
        refunded.push(paymentId);
        return "refunded";
      },
      readCallback: async () => ({ kind: "forged" }),
      ...changes,
    };
    return { ...made, refunded };
  }
  function keep(current: PaymentProvider | undefined, former: readonly PaymentProvider[] = []) {
    const providers = new PaymentProviders(current, former);
    const { payments } = ledger;
    keeper = startPaymentKeeper({ payments, providers, logger, now: () => nowMs, intervalMs: 3_600_000 });
    const health = new HealthBoard({ logger, now: () => nowMs });
    const told = { health: health.part("payments"), now: () => nowMs, refreshMs: 1_000 };
    const figures = new PaymentFigures({ payments, providers: providers.names, ...told });
    return { keeper, figures, part: () => health.parts.find(({ name }) => name === "payments") };
  }
  /** An order with a payment through the simulator, and one that was called off and waits for its money. */
  async function openAndRefund() {
    const { orders } = await recordOrders(ledger, 2);
    const [open, called] = await Promise.all(orders.map((one) => openPayment(ledger, one.reservationId, nowMs)));
    await ledger.payments.apply(eventOf(called!, "succeeded"));
    await ledger.payments.callOff(called!.reservationId);
    return { open: open!, called: called! };
  }
  const stateOf = async ({ id }: Payment) => (await ledger.payments.read(id))?.state;

  test("asks a former provider, and refunds through it", async () => {
    const { open, called } = await openAndRefund();
    nowMs += minuteMs;
    const [stripe, simulator] = [provider("stripe"), provider("simulator")];
    const { keeper, figures, part } = keep(stripe, [simulator]);
    expect(await keeper.round()).toEqual({ decided: 1, refunded: 1, failed: 0 });
    expect([await stateOf(open), await stateOf(called)]).toEqual(["succeeded", "refunded"]);
    expect([simulator.refunded, stripe.refunded]).toEqual([[called.id], []]);
    await figures.refresh();
    expect(part()).toMatchObject({ status: "ok" });
  });

  for (const current of ["stripe", undefined] as const) {
    test(`names what belongs to a provider that is not in the settings, with ${current ?? "no provider"} in its place`, async () => {
      const { open, called } = await openAndRefund();
      nowMs += minuteMs;
      const { keeper, figures, part } = keep(current && provider(current));
      expect(await keeper.round()).toEqual({ decided: 0, refunded: 0, failed: 0 });
      await figures.refresh();
      expect(figures.gauges).toMatchObject({ seckill_payments_stranded: 2, seckill_refunds_waiting: 1 });
      const reason = expect.stringContaining("1 payments and 1 refunds belong to simulator");
      expect(part()).toMatchObject({ status: "degraded", reason });
      await figures.refresh();
      expect(lines.filter((line) => line["part"] === "payments")).toEqual([expect.objectContaining({ reason })]);
      expect([await stateOf(open), await stateOf(called)]).toEqual(["open", "refund_pending"]);
    });
  }

  test("sends a refund that has failed for good no more, until an operator asks for it", async () => {
    const { called } = await openAndRefund();
    let sent = 0;
    const refund = async ({ retries }: Refund): Promise<"refunded"> => {
      sent++;
      if (retries === 0) throw new RefundFailedError("the account is closed");
      return "refunded";
    };
    const { keeper, figures, part } = keep(provider("simulator", { refund }));
    await keeper.round();
    for (let hour = 0; hour < 3; hour++) {
      nowMs += 60 * minuteMs;
      await keeper.round();
    }
    expect(sent).toBe(1);
    await figures.refresh();
    expect(figures.gauges).toMatchObject({ seckill_refunds_held: 1, seckill_refund_oldest_seconds: 3 * 3_600 });
    expect(part()).toMatchObject({ status: "degraded", reason: expect.stringContaining("refunds list") });
    expect(lines).toContainEqual(expect.objectContaining({ level: "error", paymentId: called.id }));
    await ledger.payments.retryRefund(called.id);
    expect(await keeper.round()).toMatchObject({ refunded: 1 });
    await figures.refresh();
    expect(part()).toMatchObject({ status: "ok" });
    expect(await stateOf(called)).toBe("refunded");
  });

  test("says that refunds fail when the oldest has waited for an hour", async () => {
    await openAndRefund();
    const { keeper, figures, part } = keep(provider("simulator", { refund: () => Promise.reject(new Error("away")) }));
    await keeper.round();
    await figures.refresh();
    expect(part()).toMatchObject({ status: "ok" });
    nowMs += 61 * minuteMs;
    await figures.refresh();
    expect(part()).toMatchObject({ status: "degraded", reason: expect.stringContaining("1 refunds fail") });
  });

  test("forgets events after 90 days, and not earlier", async () => {
    const { open } = await openAndRefund();
    const { keeper } = keep(undefined);
    nowMs += payWithinMs;
    await ledger.payments.apply(eventOf(open, "failed"));
    const left = () => ledger.payments.pruneEvents(Number.MAX_SAFE_INTEGER, 1);
    nowMs += 90 * 24 * 60 * minuteMs;
    await keeper.round();
    expect(await left()).toBe(1);
    await ledger.payments.apply(eventOf(open, "failed"));
    nowMs += 90 * 24 * 60 * minuteMs + 1;
    await keeper.round();
    expect(await left()).toBe(0);
  });
});
