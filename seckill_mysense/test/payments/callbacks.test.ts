import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { signatureHeader, signCallback } from "../../src/payments/callback-signature.ts";
import { ledgerKinds, type LedgerPlace } from "../contract/ledger/ledger-places.ts";
import { TestBuyer } from "../fakes/test-buyer.ts";
import { startTestGateway } from "../fakes/test-gateway.ts";
import { callbackSecret, startPayingShop, type PayingShop } from "../faults/paying-shop.ts";

describe("the provider's callbacks", () => {
  const toleranceMs = 300_000;
  let place: LedgerPlace;
  let nowMs: number;
  beforeAll(async () => {
    place = await ledgerKinds[0]!.create();
  });
  beforeEach(() => {
    nowMs = Date.now();
  });
  afterAll(() => place.remove());

  interface Sent {
    readonly body?: string;
    readonly secret?: string;
    readonly signedAtMs?: number;
    readonly header?: string;
  }
  /** Status and outcome, or the code of the refusal. */
  async function send(
    { callbackUrl }: PayingShop,
    { body = "{}", secret = callbackSecret, signedAtMs = nowMs, header }: Sent,
  ): Promise<[number, string]> {
    const response = await fetch(callbackUrl, {
      method: "POST",
      headers: { [signatureHeader]: header ?? signCallback(body, { secret, nowMs: signedAtMs }) },
      body,
    });
    const { outcome, error } = (await response.json()) as { outcome?: string; error?: string };
    return [response.status, outcome ?? error ?? ""];
  }
  async function orderAndBody(shop: PayingShop, kind = "succeeded"): Promise<{ id: string; body: string }> {
    const [id] = (await shop.order(1, 900_000)) as [string];
    const [payment] = await shop.payments([id]);
    const event = { id: `e-${payment!.id}`, kind, paymentId: payment!.id, amountMinor: 9_900, currency: "EUR" };
    return { id, body: JSON.stringify(event) };
  }

  test("are taken once, whoever repeats them", async () => {
    await using shop = await startPayingShop(place, () => nowMs);
    const { id, body } = await orderAndBody(shop);
    expect(await send(shop, { body })).toEqual([200, "paid"]);
    expect(await send(shop, { body })).toEqual([200, "duplicate"]);
    expect((await shop.ledger.orders.read(id))!.state).toBe("paid");
  });

  test("are refused when they are forged, changed, unsigned, old or from the future, and are counted", async () => {
    await using shop = await startPayingShop(place, () => nowMs);
    const { id, body } = await orderAndBody(shop);
    const signed = signCallback(body, { secret: callbackSecret, nowMs });
    const forged = [401, "callback_forged"] as const;
    expect(await send(shop, { body, secret: `${callbackSecret}x` })).toEqual([...forged]);
    expect(await send(shop, { body: body.replace("9900", "9901"), header: signed })).toEqual([...forged]);
    expect(await send(shop, { body, header: "" })).toEqual([...forged]);
    expect(await send(shop, { body, header: signed.replace(/v1=./, "v1=") })).toEqual([...forged]);
    expect(await send(shop, { body, header: signed.replace(/t=\d+/, `t=${Math.floor(nowMs / 1_000) + 1}`) })).toEqual([
      ...forged,
    ]);
    const tooOld = [401, "callback_too_old"] as const;
    expect(await send(shop, { body, signedAtMs: nowMs - toleranceMs - 1_000 })).toEqual([...tooOld]);
    expect(await send(shop, { body, signedAtMs: nowMs + toleranceMs + 1_000 })).toEqual([...tooOld]);
    expect(await send(shop, { body: "[]" })).toEqual([400, "callback_malformed"]);
    expect(await send(shop, { body: "{" })).toEqual([400, "callback_malformed"]);
    expect((await shop.ledger.orders.read(id))!.state).toBe("reserved");
    const figures = await shop.metricsText();
    expect(figures).toContain('seckill_payment_callbacks_total{outcome="forged"} 5');
    expect(figures).toContain('seckill_payment_callbacks_total{outcome="too_old"} 2');
    expect(figures).toContain('seckill_payment_callbacks_total{outcome="malformed"} 2');
    // The same callback, signed and in time, is taken: what was wrong is what this test says.
    expect(await send(shop, { body, signedAtMs: nowMs - toleranceMs + 1_000 })).toEqual([200, "paid"]);
  });

  test("are refused when nobody knows their payment, and when they are too large", async () => {
    await using shop = await startPayingShop(place, () => nowMs);
    const event = { id: "e", kind: "succeeded", paymentId: "nobody", amountMinor: 1, currency: "EUR" };
    expect(await send(shop, { body: JSON.stringify(event) })).toEqual([404, "payment_not_found"]);
    expect(await send(shop, { body: " ".repeat(262_145) })).toEqual([413, "body_too_large"]);
  });

  test("have no address in a sale without a provider", async () => {
    await using shop = await startTestGateway();
    const answer = await new TestBuyer(shop.url).send("POST", "/api/payments/callback", { body: "{}" });
    expect([answer.status, answer.body.error]).toEqual([404, "payments_off"]);
  });
});
