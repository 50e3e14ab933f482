import { expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { PaymentProviders } from "../../src/payments/payment-providers.ts";
import { startPaymentKeeper } from "../../src/payments/payment-keeper.ts";
import { stripeProvider } from "../../src/payments/stripe-provider.ts";
import { renderReport } from "../../src/verify/verification-report.ts";
import { verifySale } from "../../src/verify/verify-sale.ts";
import { buyerWithToken } from "../fakes/test-buyer.ts";
import { startTestGateway, testProduct } from "../fakes/test-gateway.ts";
import { startStripeStandIn } from "./stripe-stand-in.ts";

const apiKey = "sk_test_0123456789";
const secret = "whsec_0123456789abcdefghijklmnopqrstuv";

/** A shop whose buyers pay through Stripe, and one buyer whose order is won. */
async function openShop() {
  const stripe = startStripeStandIn(apiKey, Date.now());
  const provider = await stripeProvider({
    ...{ apiUrl: stripe.url, apiKey, callbackSecret: secret, callbackToleranceMs: 300_000, timeoutMs: 2_000 },
    ...{ returnUrl: "https://shop.example/check", askAfterMs: 60_000 },
  });
  const system = await startTestGateway({ provider });
  const [buyer, bearer] = await buyerWithToken(system.url, "Ada", testProduct.id);
  const id = (await buyer.check(testProduct.id, bearer)).body.reservation as string;
  await system.ledger.orders.record(system.gate.accepted, { payWithinMs: 900_000 });
  const keeper = startPaymentKeeper({
    ...system.ledger,
    providers: new PaymentProviders(provider),
    intervalMs: 3_600_000,
  });
  let events = 0;
  return {
    ...{ stripe, keeper, system },
    pay: async () => (await buyer.send("POST", `/api/orders/${id}/pay`)).body.payUrl as string,
    cancel: () => buyer.send("POST", `/api/orders/${id}/cancel`),
    /** What Stripe sends, several times at once. */
    async tell(type: string, object: object, eventId = `evt_${events++}`): Promise<string[]> {
      const body = JSON.stringify({ id: eventId, object: "event", type, data: { object } });
      const seconds = Math.floor(Date.now() / 1_000);
      const signature = createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex");
      const headers = { "stripe-signature": `t=${seconds},v1=${signature},v0=${"0".repeat(64)}` };
      const send = () => fetch(`${system.url}/api/payments/callback`, { method: "POST", headers, body });
      const answers = await Promise.all([send(), send(), send()]);
      return Promise.all(answers.map(async (answer) => ((await answer.json()) as { outcome: string }).outcome));
    },
    state: async () => (await system.ledger.orders.read(id))!.state,
    async [Symbol.asyncDispose]() {
      await keeper.stop();
      // Whatever was told in whatever order: money and units agree.
      const report = await verifySale({ saleId: testProduct.saleId, ledger: system.ledger });
      if (!report.ok) throw new Error(renderReport(report));
      await system[Symbol.asyncDispose]();
      stripe[Symbol.dispose]();
    },
  };
}

/** The session of a payment, as Stripe's events show it. */
function sessionOf({ stripe }: Awaited<ReturnType<typeof openShop>>, payUrl: string) {
  return stripe.sessions.get(payUrl.split("/").at(-1)!)!;
}

test("a slow way to pay is completed first and paid later, and what Stripe tells before and after changes nothing", async () => {
  await using shop = await openShop();
  const payUrl = await shop.pay();
  expect(await shop.pay()).toBe(payUrl);
  const session = sessionOf(shop, payUrl);
  expect(await shop.tell("checkout.session.completed", session)).toEqual(["ignored", "ignored", "ignored"]);
  expect(await shop.state()).toBe("reserved");
  shop.stripe.pay(session.id);
  const paid = await shop.tell("checkout.session.async_payment_succeeded", session);
  expect(paid.toSorted()).toEqual(["duplicate", "duplicate", "paid"]);
  for (const late of ["checkout.session.expired", "checkout.session.async_payment_failed"]) {
    expect((await shop.tell(late, session))[0]).not.toBe("failed");
  }
  expect(await shop.state()).toBe("paid");
});

test("an ended session is followed by another one, and money of the first that comes after all goes back", async () => {
  await using shop = await openShop();
  const first = sessionOf(shop, await shop.pay());
  await shop.tell("checkout.session.expired", first);
  const second = sessionOf(shop, await shop.pay());
  expect(second.id).not.toBe(first.id);
  shop.stripe.pay(second.id);
  expect(await shop.tell("checkout.session.completed", second)).toContain("paid");
  shop.stripe.pay(first.id);
  expect(await shop.tell("checkout.session.completed", first)).toContain("refund");
  expect(await shop.keeper.round()).toMatchObject({ refunded: 1, failed: 0 });
  expect(shop.stripe.refunds).toMatchObject([{ payment_intent: `pi_${first.id}`, amount: 4_999 }]);
  expect(await shop.state()).toBe("paid");
});

test("a refund that is told before the payment, by somebody at Stripe, leaves the order unpaid", async () => {
  await using shop = await openShop();
  const session = sessionOf(shop, await shop.pay());
  shop.stripe.pay(session.id);
  const charge = { refunded: true, metadata: session.metadata };
  expect(await shop.tell("charge.refunded", charge)).toContain("refunded");
  expect(new Set(await shop.tell("checkout.session.completed", session))).toEqual(new Set(["late", "duplicate"]));
  expect(await shop.state()).toBe("reserved");
  expect(await shop.keeper.round()).toMatchObject({ refunded: 0, failed: 0 });
  expect(shop.stripe.refunds).toEqual([]);
});

test("money for an order that was cancelled meanwhile goes back once, whatever is told about the refund", async () => {
  await using shop = await openShop();
  const session = sessionOf(shop, await shop.pay());
  await shop.cancel();
  shop.stripe.pay(session.id);
  await shop.tell("checkout.session.completed", session);
  await shop.keeper.round();
  const refund = { status: "succeeded", metadata: session.metadata };
  await shop.tell("refund.updated", refund);
  await shop.tell("charge.refunded", { refunded: true, metadata: session.metadata });
  await shop.keeper.round();
  expect(shop.stripe.refunds).toHaveLength(1);
  expect(await shop.state()).toBe("cancelled");
  const nobody = { ...session, id: "cs_other", metadata: { payment: "of-another-system" } };
  expect(await shop.tell("checkout.session.completed", nobody)).toEqual([undefined, undefined, undefined] as never);
});
