import { describe, expect, test } from "bun:test";
import type { PaymentProvider, PaymentRequest } from "../../src/payments/payment-provider.ts";
import { startTestGateway } from "../fakes/test-gateway.ts";
import { idsOf, partsOf, read, record, registered, withToken } from "./bundle-fixtures.ts";

describe("the status of a bundle", () => {
  test("is pending until all parts are recorded, and only then won", async () => {
    await using system = await startTestGateway({ product: { priceMinor: 500 }, speaker: { limitPerUser: 2 } });
    const buyer = await registered(system);
    const token = await buyer.bundleToken("headphones", { productID: "speaker", quantity: 2 });
    expect((await read({ buyer, token }, idsOf(token)[0])).error).toBe("reservation_not_found");
    const { reservation: id } = (await buyer.checkBundle(token)).body;
    const parts = [
      { productID: "headphones", quantity: 1, reservation: `${id}.1.2` },
      { productID: "speaker", quantity: 2, reservation: `${id}.2.2` },
    ];
    const pending = {
      ...{ reservation: id, status: "pending" },
      parts: parts.map((part) => ({ ...part, status: "pending" })),
    };
    expect(await read({ buyer, token }, id)).toEqual(pending);
    await record(system, ["headphones"]);
    expect(await read({ buyer, token }, id)).toEqual(pending);
    for (const action of ["pay", "cancel"]) {
      expect((await buyer.send("POST", `/api/orders/${id}/${action}`)).body.error).toBe("order_not_found");
    }
    await record(system, ["speaker"]);
    const won = await read({ buyer, token }, id);
    expect(won).toEqual({
      ...{ reservation: id, status: "won", currency: "EUR", totalMinor: 500 + 2 * 4_999 },
      payBeforeMs: expect.any(Number),
      recordedAtMs: expect.any(Number),
      parts: [
        { ...parts[0], status: "won", productName: "Headphones", priceMinor: 500 },
        { ...parts[1], status: "won", productName: "Speaker", priceMinor: 4_999 },
      ],
    });
    // The ledger knows the owner, so the session is enough.
    expect((await buyer.send("GET", `/api/reservations/${id}`)).body).toEqual(won);
  });

  test("can be asked with a session as long as the token's cookie is there", async () => {
    await using system = await startTestGateway();
    const { buyer, token } = await withToken(system);
    const [id] = idsOf(token);
    await buyer.checkBundle(token);
    expect((await buyer.send("GET", `/api/reservations/${id}`)).body.status).toBe("pending");
    buyer.forgetCookie("seckill_token");
    expect((await buyer.send("GET", `/api/reservations/${id}`)).body.error).toBe("reservation_not_found");
  });

  test("is not told by the token of another bundle, which says nothing of what it consists of", async () => {
    await using system = await startTestGateway();
    const { buyer, token } = await withToken(system);
    const [id] = idsOf(token);
    await buyer.checkBundle(token);
    // Its cookie takes the place of the first one's.
    await buyer.bundleToken("headphones", "speaker");
    expect((await buyer.send("GET", `/api/reservations/${id}`)).body.error).toBe("reservation_not_found");
  });

  test("comes as events: pending, then won", async () => {
    await using system = await startTestGateway();
    const { buyer, token } = await withToken(system);
    const { reservation: id } = (await buyer.checkBundle(token)).body;
    const stream = await fetch(`${system.url}/api/reservations/${id}/events`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const reader = stream.body!.getReader();
    const seen: string[] = [];
    for (let text = ""; seen.length < 2;) {
      const { value, done } = await reader.read();
      if (done) break;
      text += new TextDecoder().decode(value);
      const statuses = [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!).status as string);
      if (statuses.length === 1 && seen.length === 0) await record(system);
      seen.splice(0, seen.length, ...statuses);
    }
    await reader.cancel();
    expect(seen).toEqual(["pending", "won"]);
  });

  test("is told to its owner only", async () => {
    await using system = await startTestGateway();
    const { buyer, token } = await withToken(system);
    const { reservation: id } = (await buyer.checkBundle(token)).body;
    const other = await withToken(system, "Eve");
    expect((await read(other, id)).error).toBe("reservation_not_found");
    await record(system);
    expect((await read(other, id)).error).toBe("not_owner");
    for (const action of ["pay", "cancel"]) {
      expect((await other.buyer.send("POST", `/api/orders/${id}/${action}`)).body.error).toBe("not_owner");
    }
    expect((await buyer.send("POST", `/api/orders/${id}/pay`)).body.status).toBe("paid");
  });

  test("is lost when a gate has lost its first part before anything was recorded", async () => {
    await using system = await startTestGateway();
    const { buyer, token } = await withToken(system);
    const { reservation: id } = (await buyer.checkBundle(token)).body;
    system.gate.stocks.get("headphones")!.holders.clear();
    expect((await read({ buyer, token }, id)).error).toBe("reservation_not_found");
    await system.ledger.gates.noteCompared(["headphones"]);
    expect((await read({ buyer, token }, id)).status).toBe("lost");
    await record(system);
    expect((await read({ buyer, token }, id)).status).toBe("won");
  });
});

describe("the orders of a bundle", () => {
  test("are paid together", async () => {
    await using system = await startTestGateway();
    const { buyer, token } = await withToken(system);
    const { reservation: id } = (await buyer.checkBundle(token)).body;
    await record(system);
    const paid = await buyer.send("POST", `/api/orders/${id}/pay`);
    expect([paid.status, paid.body.status, paid.body.totalMinor]).toEqual([200, "paid", 2 * 4_999]);
    expect(paid.body.parts).toEqual(partsOf(id).map((part) => expect.objectContaining({ ...part, status: "paid" })));
    expect((await buyer.send("POST", `/api/orders/${id}/pay`)).body.status).toBe("paid");
    const late = await buyer.send("POST", `/api/orders/${id}/cancel`);
    expect([late.status, late.body.error, late.body.message]).toEqual([
      409,
      "order_not_cancellable",
      "The order is paid.",
    ]);
  });

  test("are one payment of the sum at the provider, described with all products", async () => {
    const asked: PaymentRequest[] = [];
    const unused = (): never => {
      throw new Error("not asked for");
    };
    const provider: PaymentProvider = {
      name: "simulator",
      create: async (request) => {
        asked.push(request);
        return { providerId: "p", payUrl: "https://pay.example/p" };
      },
      ...{ ask: unused, end: unused, refund: unused, readCallback: unused },
    };
    await using system = await startTestGateway({
      provider,
      product: { priceMinor: 500 },
      speaker: { limitPerUser: 2 },
    });
    const buyer = await registered(system);
    const token = await buyer.bundleToken("headphones", { productID: "speaker", quantity: 2 });
    const { reservation: id } = (await buyer.checkBundle(token)).body;
    await record(system);
    for (let times = 0; times < 2; times++) {
      const started = await buyer.send("POST", `/api/orders/${id}/pay`);
      expect([started.status, started.body.status, started.body.reservation]).toEqual([200, "won", id]);
      expect([started.body.payUrl, started.body.totalMinor]).toEqual(["https://pay.example/p", 500 + 2 * 4_999]);
    }
    const [{ paymentId, ...payment }] = asked as [PaymentRequest];
    expect(asked).toHaveLength(1);
    expect(payment).toMatchObject({
      amountMinor: 500 + 2 * 4_999,
      currency: "EUR",
      description: "Headphones, 2 x Speaker",
    });
    const { amountMinor, currency } = payment;
    await system.ledger.payments.apply({ id: "event", kind: "succeeded", paymentId, money: { amountMinor, currency } });
    expect((await read({ buyer, token }, id)).status).toBe("paid");
    expect((await buyer.send("POST", `/api/orders/${id}/pay`)).body).toMatchObject({ status: "paid", reservation: id });
  });

  test("are given back together", async () => {
    await using system = await startTestGateway();
    const { buyer, token } = await withToken(system);
    const { reservation: id } = (await buyer.checkBundle(token)).body;
    await record(system);
    const cancelled = await buyer.send("POST", `/api/orders/${id}/cancel`);
    expect([cancelled.status, cancelled.body.status]).toEqual([200, "cancelled"]);
    const returned = (await system.ledger.returns.pending(10)).map((one) => one.reservationId);
    expect(returned.toSorted()).toEqual([`${id}.1.2`, `${id}.2.2`]);
  });
});
