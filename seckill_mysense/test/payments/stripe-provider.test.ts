import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import type { Payment, Refund } from "../../src/domain/payment.ts";
import {
  type PaymentProvider,
  type PaymentRequest,
  ProviderRefusedError,
  ProviderUnavailableError,
  RefundFailedError,
} from "../../src/payments/payment-provider.ts";
import { stripeProvider } from "../../src/payments/stripe-provider.ts";
import { startStripeStandIn, type StripeStandIn } from "./stripe-stand-in.ts";

const apiKey = "sk_test_0123456789";
const secret = "whsec_0123456789abcdefghijklmnopqrstuv";
const nowMs = 1_800_000_000_000;

const connect = (apiUrl: string, key = apiKey): Promise<PaymentProvider> =>
  stripeProvider({
    apiUrl,
    apiKey: key,
    callbackSecret: secret,
    callbackToleranceMs: 300_000,
    returnUrl: "https://shop.example/check",
    askAfterMs: 120_000,
    timeoutMs: 2_000,
  });
const request: PaymentRequest = {
  paymentId: "payment-1",
  amountMinor: 9_900,
  currency: "EUR",
  description: "Headphones",
  createdAtMs: nowMs,
  payBeforeMs: nowMs + 900_000,
};
const refund: Refund = {
  paymentId: "payment-1",
  provider: "stripe",
  providerId: "cs_test_1",
  amountMinor: 9_900,
  currency: "EUR",
  reason: "order_expired",
  tries: 1,
  retries: 0,
  requestedAtMs: nowMs,
};
const paymentOf = (changes: Partial<Payment> = {}): Payment => ({
  id: "payment-1",
  reservationId: "r",
  provider: "stripe",
  state: "open",
  amountMinor: 9_900,
  currency: "EUR",
  createdAtMs: nowMs,
  providerId: "cs_test_1",
  ...changes,
});

/** A session of which the buyer has paid. */
async function paidSession(stripe: StripeStandIn): Promise<PaymentProvider> {
  const provider = await connect(stripe.url);
  const { providerId } = await provider.create(request);
  stripe.pay(providerId);
  return provider;
}

describe("Stripe, through its own library and a stand-in for its API", () => {
  test("creates one session for a payment, however often it is asked", async () => {
    using stripe = startStripeStandIn(apiKey, nowMs);
    const provider = await connect(stripe.url);
    const created = await Promise.all([provider.create(request), provider.create(request)]);
    const once = { providerId: "cs_test_1", payUrl: "https://checkout.stripe.example/cs_test_1" };
    expect(created).toEqual([once, once]);
    expect([...stripe.sessions.values()]).toMatchObject([
      { metadata: { payment: "payment-1" }, amount_total: 9_900, currency: "eur" },
    ]);
  });

  test("takes every payment, however short or long the buyer may take, and though it was away when the payment was opened", async () => {
    for (const payWithinMs of [1_000, 900_000, 7 * 86_400_000]) {
      using stripe = startStripeStandIn(apiKey, nowMs);
      const provider = await connect(stripe.url);
      const wanted = { ...request, payBeforeMs: nowMs + payWithinMs };
      stripe.failure = 503;
      await expect(provider.create(wanted)).rejects.toThrow(ProviderUnavailableError);
      stripe.failure = undefined;
      // Later the keeper counts a payment without a session as failed, and the next one is opened.
      stripe.nowMs += 120_000;
      expect(await provider.create(wanted)).toMatchObject({ providerId: "cs_test_1" });
      stripe.nowMs += 600_000;
      // The first answer was lost.
      expect(await provider.create(wanted)).toMatchObject({ providerId: "cs_test_1" });
    }
  });

  test("a session fits into Stripe's limits also when the two clocks differ by most of a minute", async () => {
    for (const payWithinMs of [1_000, 7 * 86_400_000]) {
      for (const offMs of [-50_000, 50_000]) {
        using stripe = startStripeStandIn(apiKey, nowMs + offMs);
        // Asked for as late as it ever is.
        if (payWithinMs === 1_000) stripe.nowMs += 120_000;
        const provider = await connect(stripe.url);
        const wanted = { ...request, payBeforeMs: nowMs + payWithinMs };
        expect(await provider.create(wanted)).toMatchObject({ providerId: "cs_test_1" });
      }
    }
  });

  test("is not asked for an amount that it does not take", async () => {
    using stripe = startStripeStandIn(apiKey, nowMs);
    const provider = await connect(stripe.url);
    const amount = (amountMinor: number, currency: string) => provider.create({ ...request, amountMinor, currency });
    await expect(amount(49, "EUR")).rejects.toThrow(
      "the amount of payment payment-1 is 49 EUR in minor units: Stripe takes nothing below 50, except 0",
    );
    await expect(amount(1_000_000_000_000, "EUR")).rejects.toThrow(
      new ProviderRefusedError(
        "the amount of payment payment-1 is 1000000000000 EUR in minor units: Stripe takes at most 999999999999",
      ),
    );
    for (const currency of ["ISK", "MGA", "UGX"]) {
      await expect(amount(5_000, currency)).rejects.toThrow(`${currency}: Stripe counts it in other minor units`);
    }
    await expect(amount(1_234, "KWD")).rejects.toThrow("1234 KWD in minor units: Stripe takes only multiples of 10");
    expect(stripe.requests).toEqual([]);
    await amount(50, "EUR");
  });

  test("is asked what became of a payment", async () => {
    using stripe = startStripeStandIn(apiKey, nowMs);
    const provider = await connect(stripe.url);
    const { providerId } = await provider.create(request);
    expect(await provider.ask(paymentOf())).toBeUndefined();
    stripe.pay(providerId);
    expect(await provider.ask(paymentOf())).toMatchObject({
      kind: "succeeded",
      paymentId: "payment-1",
      money: { amountMinor: 9_900, currency: "EUR" },
    });
    // A price of 0 needs no payment.
    stripe.sessions.get(providerId)!.payment_status = "no_payment_required";
    expect(await provider.ask(paymentOf())).toMatchObject({ kind: "succeeded" });
    stripe.sessions.get(providerId)!.status = "open";
    expect(await provider.ask(paymentOf())).toBeUndefined();
    // A slow way to pay is completed first, and paid later.
    stripe.sessions.get(providerId)!.payment_status = "unpaid";
    stripe.sessions.get(providerId)!.status = "complete";
    expect(await provider.ask(paymentOf())).toBeUndefined();
    stripe.sessions.get(providerId)!.status = "expired";
    expect(await provider.ask(paymentOf())).toMatchObject({ kind: "failed" });
    const { providerId: _, ...unsent } = paymentOf();
    expect(await provider.ask(unsent)).toMatchObject({ kind: "failed" });
  });

  test("pays money back once, also when the idempotency key has been forgotten", async () => {
    using stripe = startStripeStandIn(apiKey, nowMs);
    const provider = await paidSession(stripe);
    // Both find no refund, and ask for one.
    expect(await Promise.all([provider.refund(refund), provider.refund(refund)])).toEqual(["refunded", "refunded"]);
    stripe.requests.length = 0;
    expect(await provider.refund(refund)).toBe("refunded");
    expect(stripe.refunds).toMatchObject([{ amount: 9_900, payment_intent: "pi_cs_test_1" }]);
    expect(stripe.requests).not.toContain("POST /v1/refunds");
  });

  test("a free product is paid without a payment at Stripe, and its refund of nothing is done at once", async () => {
    using stripe = startStripeStandIn(apiKey, nowMs);
    const provider = await connect(stripe.url);
    const { providerId } = await provider.create({ ...request, amountMinor: 0 });
    stripe.pay(providerId);
    expect(await provider.ask(paymentOf({ amountMinor: 0 }))).toMatchObject({
      kind: "succeeded",
      money: { amountMinor: 0 },
    });
    expect(await provider.refund({ ...refund, amountMinor: 0 })).toBe("refunded");
    expect(stripe.refunds).toEqual([]);
  });

  test("a refund that is pending is asked for again, and one that failed is said", async () => {
    using stripe = startStripeStandIn(apiKey, nowMs);
    const provider = await paidSession(stripe);
    stripe.refundStatus = "pending";
    expect(await provider.refund(refund)).toBe("pending");
    stripe.refunds[0] = { ...stripe.refunds[0]!, status: "failed" };
    await expect(provider.refund(refund)).rejects.toThrow("the refund re_1 at Stripe is failed");
    stripe.refunds[0] = { ...stripe.refunds[0], status: "succeeded" };
    expect(await provider.refund(refund)).toBe("refunded");
    expect(stripe.refunds).toHaveLength(1);
  });

  test("a refund that failed or was canceled is not taken for the one that is wanted", async () => {
    for (const status of ["failed", "canceled"] as const) {
      using stripe = startStripeStandIn(apiKey, nowMs);
      const provider = await paidSession(stripe);
      stripe.refundStatus = status;
      // Nobody is to send the same money a second time unasked: an operator must look.
      await expect(provider.refund(refund)).rejects.toThrow(RefundFailedError);
      await expect(provider.refund(refund)).rejects.toThrow(`the refund re_1 at Stripe is ${status}`);
      expect(stripe.refunds).toHaveLength(1);
      stripe.refundStatus = "succeeded";
      expect(await provider.refund({ ...refund, retries: 1 })).toBe("refunded");
      expect(await provider.refund({ ...refund, retries: 1 })).toBe("refunded");
      expect(stripe.refunds.map((made) => made.status)).toEqual([status, "succeeded"]);
    }
  });

  test("a payment that is given up is ended, unless the buyer has paid", async () => {
    using stripe = startStripeStandIn(apiKey, nowMs);
    const provider = await connect(stripe.url);
    const { providerId } = await provider.create(request);
    await provider.end(paymentOf());
    await provider.end(paymentOf());
    expect(stripe.sessions.get(providerId)).toMatchObject({ status: "expired" });
    expect(stripe.requests.filter((sent) => sent.endsWith("/expire"))).toHaveLength(1);
    stripe.sessions.get(providerId)!.status = "complete";
    await expect(provider.end(paymentOf())).rejects.toThrow("the session of payment payment-1 at Stripe is complete");
  });

  test("an outage may pass, a refusal does not", async () => {
    using stripe = startStripeStandIn(apiKey, nowMs);
    const provider = await connect(stripe.url);
    stripe.failure = 503;
    await expect(provider.create(request)).rejects.toThrow(ProviderUnavailableError);
    stripe.failure = 429;
    await expect(provider.create(request)).rejects.toThrow(ProviderUnavailableError);
    stripe.failure = undefined;
    await expect((await connect(stripe.url, "sk_wrong")).create(request)).rejects.toThrow(ProviderRefusedError);
    await expect(provider.refund({ ...refund, providerId: "cs_unknown" })).rejects.toThrow("No such session");
    const { url } = stripe;
    stripe[Symbol.dispose]();
    await expect((await connect(url)).create(request)).rejects.toThrow(ProviderUnavailableError);
  });
});

describe("Stripe's webhooks", () => {
  const sign = (body: string, key = secret, atMs = nowMs): string => {
    const seconds = Math.floor(atMs / 1_000);
    return `t=${seconds},v1=${createHmac("sha256", key).update(`${seconds}.${body}`).digest("hex")}`;
  };
  async function read(event: object, signature?: (body: string) => string) {
    const body = JSON.stringify({ id: "evt_1", object: "event", ...event });
    const headers = new Headers({ "stripe-signature": (signature ?? sign)(body) });
    const provider = await connect("");
    return provider.readCallback({ headers, body: new TextEncoder().encode(body), nowMs });
  }
  const session = (changes: object = {}): object => ({
    object: {
      id: "cs_test_1",
      metadata: { payment: "payment-1" },
      payment_status: "paid",
      amount_total: 9_900,
      currency: "eur",
      ...changes,
    },
  });

  test("become events of payments", async () => {
    expect(await read({ type: "checkout.session.completed", data: session() })).toEqual({
      kind: "event",
      event: {
        id: "evt_1",
        paymentId: "payment-1",
        kind: "succeeded",
        money: { amountMinor: 9_900, currency: "EUR" },
        providerId: "cs_test_1",
      },
    });
    const kinds = async (type: string, changes?: object) => {
      const reading = await read({ type, data: session(changes) });
      return reading.kind === "event" ? reading.event.kind : reading.kind;
    };
    expect(await kinds("checkout.session.async_payment_succeeded")).toBe("succeeded");
    expect(await kinds("checkout.session.completed", { payment_status: "unpaid" })).toBe("ignored");
    expect(await kinds("checkout.session.expired")).toBe("failed");
    expect(await kinds("charge.refunded", { refunded: true })).toBe("refunded");
    expect(await kinds("charge.refunded", { refunded: false })).toBe("ignored");
    for (const type of ["refund.failed", "refund.updated"]) {
      expect(await kinds(type, { status: "failed" })).toBe("refund_failed");
      expect(await kinds(type, { status: "canceled" })).toBe("refund_failed");
    }
    expect(await kinds("refund.updated", { status: "succeeded" })).toBe("refunded");
    expect(await kinds("refund.updated", { status: "pending" })).toBe("ignored");
    // Somebody made it at Stripe's console: the charge tells of it.
    expect(await kinds("refund.failed", { status: "failed", metadata: null })).toBe("ignored");
    expect(await kinds("checkout.session.completed", { metadata: {} })).toBe("ignored");
    expect(await kinds("customer.created")).toBe("ignored");
    expect(await kinds("checkout.session.completed", { amount_total: null })).toBe("malformed");
  });

  test("that are genuine, and not what they should be, are malformed and not forged", async () => {
    const odd = [
      { type: "charge.refunded", data: { object: { refunded: true, metadata: null } } },
      { type: "refund.failed", data: null },
      { type: "checkout.session.completed" },
    ];
    for (const event of odd) expect((await read(event)).kind).toBe("malformed");
    for (const body of ["null", "[]", "7", "{", ""]) {
      const headers = new Headers({ "stripe-signature": sign(body) });
      const provider = await connect("");
      const reading = await provider.readCallback({ headers, body: new TextEncoder().encode(body), nowMs });
      expect([body, reading.kind]).toEqual([body, body === "[]" || body === "7" ? "ignored" : "malformed"]);
      const forged = new Headers({ "stripe-signature": sign(body, `${secret}x`) });
      const refused = await provider.readCallback({ headers: forged, body: new TextEncoder().encode(body), nowMs });
      expect([body, refused.kind]).toEqual([body, "forged"]);
    }
  });

  test("are refused when they are forged or old", async () => {
    const event = { type: "checkout.session.completed", data: session() };
    expect(await read(event, (body) => sign(body, `${secret}x`))).toEqual({ kind: "forged" });
    expect(await read(event, () => "")).toEqual({ kind: "forged" });
    for (const atMs of [nowMs - 301_000, nowMs + 301_000]) {
      expect(await read(event, (body) => sign(body, secret, atMs))).toEqual({ kind: "too_old" });
    }
    expect((await read(event, (body) => sign(body, secret, nowMs - 299_000))).kind).toBe("event");
  });
});
