import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { propertySeed } from "../../../tools/property-seed.ts";
import { SeededRandom } from "../../../tools/seeded-random.ts";
import type { Payment } from "../../src/domain/payment.ts";
import { signatureHeader, signCallback } from "../../src/payments/callback-signature.ts";
import { ledgerKinds, type LedgerPlace } from "../contract/ledger/ledger-places.ts";
import { sendBytes } from "../fakes/send-bytes.ts";
import { callbackSecret, startPayingShop, type PayingShop } from "../faults/paying-shop.ts";

const timeoutMs = 60_000;
const payWithinMs = 900_000;
const path = "/api/payments/callback";

type Kind = "succeeded" | "failed" | "refunded";

/** What the provider tells of one payment in the end; it sends the events in any order, and each of them several times. */
const stories: readonly { readonly kinds: readonly Kind[]; readonly amountMinor: number; readonly ends: string }[] = [
  { kinds: ["succeeded"], amountMinor: 9_900, ends: "succeeded" },
  { kinds: ["failed", "succeeded"], amountMinor: 9_900, ends: "succeeded" },
  { kinds: ["failed"], amountMinor: 9_900, ends: "failed" },
  { kinds: ["succeeded"], amountMinor: 1, ends: "refund_pending" },
  { kinds: ["succeeded", "refunded"], amountMinor: 9_900, ends: "refunded" },
  { kinds: ["failed", "succeeded", "refunded"], amountMinor: 1, ends: "refunded" },
];

function bodyOf(payment: Payment, kind: Kind, amountMinor: number): string {
  const id = `${payment.id}-${kind}`;
  return JSON.stringify({ id, kind, paymentId: payment.id, amountMinor, currency: "EUR" });
}

async function send(shop: PayingShop, body: string, header: string): Promise<number> {
  const response = await fetch(shop.callbackUrl, { method: "POST", headers: { [signatureHeader]: header }, body });
  await response.body?.cancel();
  return response.status;
}

const signed = (body: string): string => signCallback(body, { secret: callbackSecret, nowMs: Date.now() });

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`attacks with payment callbacks, on ${kind.name}${kind.skipped}`, () => {
    let place: LedgerPlace;
    beforeAll(async () => {
      place = await kind.create();
    });
    afterAll(() => place?.remove());

    test(
      "genuine ones in any order, repeated and at once, beside cancellations, end as the provider's story ends",
      async () => {
        const random = new SeededRandom(propertySeed());
        let nowMs = Date.now();
        await using shop = await startPayingShop(place, () => nowMs);
        await shop.behave({ hold: true });
        const orders = await shop.order(60, payWithinMs);
        const payments = await shop.payments(orders);
        const told = payments.map((payment) => ({ payment, ...random.pick(stories) }));
        const sent = told.flatMap(({ payment, kinds, amountMinor }) =>
          kinds.flatMap((event) =>
            Array.from({ length: random.between(1, 4) }, () => bodyOf(payment, event, amountMinor)),
          ),
        );
        const cancelled = orders.filter(() => random.oneIn(4));
        const work = random.shuffled<() => Promise<unknown>>([
          ...sent.map((body) => async () => expect(await send(shop, body, signed(body))).toBe(200)),
          ...cancelled.map((id) => () => shop.ledger.orders.cancel(id)),
        ]);
        const queue = work.values();
        const worker = async (): Promise<void> => {
          for (const step of queue) await step();
        };
        await Promise.all(Array.from({ length: 12 }, worker));
        nowMs += payWithinMs + 1;
        await shop.sweeper.sweep();

        for (const [index, payment] of (await shop.payments(orders)).entries()) {
          const { ends, kinds } = told[index]!;
          const order = (await shop.ledger.orders.read(payment.reservationId))!;
          const story: unknown[] = [kinds, payment.state, order.state];
          // Money for an order that was cancelled first goes back.
          const isHonoured = ends !== "succeeded" || order.state !== "cancelled";
          expect(story).toEqual([kinds, isHonoured ? ends : "refund_pending", order.state]);
          expect([...story, order.state === "paid"]).toEqual([...story, payment.state === "succeeded"]);
        }
        await shop.verify();
      },
      timeoutMs,
    );
  });
}

describe("attacks with payment callbacks", () => {
  let place: LedgerPlace;
  beforeAll(async () => {
    place = await ledgerKinds[0]!.create();
  });
  afterAll(() => place.remove());

  async function openShop(): Promise<{ shop: PayingShop; port: number; payment: Payment } & AsyncDisposable> {
    const shop = await startPayingShop(place, Date.now);
    await shop.behave({ hold: true });
    const [payment] = await shop.payments(await shop.order(1, payWithinMs));
    const port = Number(new URL(shop.url).port);
    return { shop, port, payment: payment!, [Symbol.asyncDispose]: () => shop[Symbol.asyncDispose]() };
  }

  test("a signature of another body, of many guesses, or of an odd form pays nothing", async () => {
    await using opened = await openShop();
    const { shop, payment } = opened;
    const body = bodyOf(payment, "succeeded", 9_900);
    const good = signed(body);
    const mac = good.split("v1=")[1]!;
    const other = signed(bodyOf(payment, "succeeded", 1));
    const guesses = Array.from({ length: 14 }, (_, index) => `v1=${index.toString(16).repeat(64)}`).join(",");
    const forged = [
      other,
      `t=1,${guesses}`,
      `${good.split(",")[0]},${guesses}`,
      good.replace("t=", "t=-"),
      good.replace("t=", "t=0x"),
      good.replace(",v1=", ",v2="),
      `v1=${mac}`,
      `t=1,${good.replace(/t=\d+,/, "")}`,
      `${good},${"x".repeat(2_000)}`,
      mac,
      "t=,v1=",
    ];
    for (const header of forged) expect([header, await send(shop, body, header)]).toEqual([header, 401]);
    expect(await send(shop, `${body} `, good)).toBe(401);
    expect((await shop.ledger.orders.read(payment.reservationId))!.state).toBe("reserved");
    // Beside a wrong one, the right one counts: so a secret is changed without a break.
    expect(await send(shop, body, `${good.split(",")[0]},v1=${"0".repeat(64)},v1=${mac}`)).toBe(200);
    expect((await shop.ledger.orders.read(payment.reservationId))!.state).toBe("paid");
  });

  test("huge and endless ones are refused, and slow ones hold nobody up", async () => {
    await using opened = await openShop();
    const { shop, port, payment } = opened;
    const head = `POST ${path} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n`;
    const huge = `${head}Content-Length: 99999999\r\n\r\n`;
    expect(await sendBytes(port, huge)).toMatch(/^HTTP\/1.1 413 /);
    const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
    expect(await sendBytes(port, `${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(20)}`)).toMatch(
      /^HTTP\/1.1 413 /,
    );
    const longHeader = `${head}${signatureHeader}: ${"v1=0,".repeat(20_000)}\r\nContent-Length: 2\r\n\r\n{}`;
    expect(await sendBytes(port, longHeader)).toMatch(/^HTTP\/1.1 4\d\d /);
    const slow: Socket[] = [];
    for (let index = 0; index < 300; index++) {
      const socket = connect({ host: "127.0.0.1", port });
      socket.on("error", () => {});
      socket.write(`${head}Content-Length: 100\r\n\r\n{`);
      slow.push(socket);
    }
    const body = bodyOf(payment, "succeeded", 9_900);
    const startedMs = performance.now();
    expect(await send(shop, body, signed(body))).toBe(200);
    // The slow ones may take 5 s each.
    expect(performance.now() - startedMs).toBeLessThan(4_000);
    for (const socket of slow) socket.destroy();
    expect((await shop.ledger.orders.read(payment.reservationId))!.state).toBe("paid");
    expect((await fetch(`${shop.url}/readyz`)).status).toBe(200);
  });

  test("a flood of forged ones writes nothing, and the genuine one beside it is taken", async () => {
    await using opened = await openShop();
    const { shop, payment } = opened;
    const body = bodyOf(payment, "succeeded", 9_900);
    const flood = Array.from({ length: 2_000 }, () => send(shop, body, signed(`${body} `)));
    const genuine = send(shop, body, signed(body));
    expect(new Set(await Promise.all(flood))).toEqual(new Set([401]));
    expect(await genuine).toBe(200);
  });
});
