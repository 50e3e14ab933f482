import { describe, expect, test } from "bun:test";
import { LedgerUnavailableError } from "../../src/ledger/ledger-errors.ts";
import { buyerWithToken, TestBuyer } from "../fakes/test-buyer.ts";
import { startTestGateway, testProduct, type TestGateway } from "../fakes/test-gateway.ts";

/** An accepted buyer, with the id of the reservation. */
async function accepted(system: TestGateway, name = "Ada"): Promise<{ buyer: TestBuyer; token: string; id: string }> {
  const [buyer, token] = await buyerWithToken(system.url, name, "headphones");
  const answer = await buyer.check("headphones", token);
  return { buyer, token, id: answer.body.reservation };
}

/** Records the reservations as relay and consumer would. */
async function recordAll(system: TestGateway): Promise<void> {
  await system.ledger.orders.record(system.gate.accepted, { payWithinMs: 60_000 });
}

/**
 * The ledger has run out of units before it comes to the accepted reservations, as it does when a gate that lost its
 * last writes gives away too many.
 */
async function oversell(system: TestGateway): Promise<void> {
  const { saleId, id: productId, total } = testProduct;
  const others = Array.from({ length: total }, (_unused, index) => {
    return { reservationId: `other-${index}`, userId: `other-${index}`, saleId, productId, epoch: 1, acceptedAtMs: 1 };
  });
  await system.ledger.orders.record([...others, ...system.gate.accepted], { payWithinMs: 60_000 });
}

describe("reservations", () => {
  test("a reservation is pending until the ledger has it, and only then won", async () => {
    await using system = await startTestGateway();
    const { buyer, token, id } = await accepted(system);
    const pending = await buyer.send("GET", `/api/reservations/${id}`, { bearer: token });
    expect(pending.body).toEqual({ reservation: id, status: "pending", productID: "headphones" });
    await recordAll(system);
    const won = await buyer.send("GET", `/api/reservations/${id}`, { bearer: token });
    expect(won.body).toEqual({
      reservation: id,
      status: "won",
      productID: "headphones",
      payBeforeMs: expect.any(Number),
      ...{ productName: "Headphones", priceMinor: 4_999, currency: "EUR", quantity: 1 },
      recordedAtMs: expect.any(Number),
    });
  });

  test("a session does as well as the token, with the product's id while there is no order", async () => {
    await using system = await startTestGateway();
    const { buyer, id } = await accepted(system);
    const read = await buyer.send("GET", `/api/reservations/${id}?productID=headphones`);
    expect(read.body.status).toBe("pending");
    await recordAll(system);
    expect((await buyer.send("GET", `/api/reservations/${id}`)).body.status).toBe("won");
  });

  test("a reservation that the gate has lost is unknown while the gate is closed, and then lost: it may be tried again", async () => {
    await using system = await startTestGateway();
    const { buyer, token, id } = await accepted(system);
    const read = async () => (await buyer.send("GET", `/api/reservations/${id}`, { bearer: token })).body;
    const stock = system.gate.stocks.get("headphones")!;
    stock.holders.clear();
    stock.available++;
    expect((await read()).error).toBe("reservation_not_found");
    system.gate.server = 2;
    expect((await read()).error).toBe("gate_unavailable");
    expect((await buyer.check("headphones", token)).body.error).toBe("gate_closed");
    stock.server = 2;
    await system.ledger.gates.noteCompared(["headphones"]);
    expect(await read()).toEqual({ reservation: id, status: "lost", productID: "headphones" });
    expect((await buyer.check("headphones", token)).status).toBe(202);
    expect((await read()).status).toBe("pending");
  });

  test("a rejection comes with its reason", async () => {
    await using system = await startTestGateway();
    const { buyer, token, id } = await accepted(system);
    await oversell(system);
    const answer = await buyer.send("GET", `/api/reservations/${id}`, { bearer: token });
    expect(answer.body).toEqual({ reservation: id, status: "rejected", productID: "headphones", reason: "oversold" });
  });

  test("nobody but the owner may read it: not while pending, not rejected, not as an order", async () => {
    const notOwner = [403, "not_owner"];
    for (const prepare of [async () => {}, oversell, recordAll]) {
      await using system = await startTestGateway();
      const { id } = await accepted(system);
      const [eve, token] = await buyerWithToken(system.url, "Eve", "headphones");
      const path = `/api/reservations/${id}?productID=headphones`;
      await prepare(system);
      const byToken = await eve.send("GET", path, { bearer: token });
      expect([byToken.status, byToken.body.error]).toEqual(notOwner);
      const bySession = await eve.send("GET", path);
      expect([bySession.status, bySession.body.error]).toEqual(notOwner);
      const stranger = await new TestBuyer(system.url).send("GET", path);
      expect([stranger.status, stranger.body.error]).toEqual([401, "session_required"]);
    }
  });

  test("a token that is forged is not made up for by a session", async () => {
    await using system = await startTestGateway();
    const { buyer, token, id } = await accepted(system);
    const answer = await buyer.send("GET", `/api/reservations/${id}`, { bearer: `${token.slice(0, -1)}_` });
    expect([answer.status, answer.body.error]).toEqual([401, "session_required"]);
  });

  test("a reservation that was never made is not found", async () => {
    await using system = await startTestGateway();
    const [buyer, bearer] = await buyerWithToken(system.url, "Ada", "headphones");
    const unused = JSON.parse(Buffer.from(bearer.split(".")[2]!, "base64url").toString())[5];
    const answer = await buyer.send("GET", `/api/reservations/${unused}`, { bearer });
    expect([answer.status, answer.body.error]).toEqual([404, "reservation_not_found"]);
    const odd = await buyer.send("GET", "/api/reservations/%3Cscript%3E", { bearer });
    expect([odd.status, odd.body.error]).toEqual([400, "invalid_request"]);
  });

  test("a ledger that cannot be reached is 503, not an answer about the reservation", async () => {
    await using system = await startTestGateway();
    const { buyer, token, id } = await accepted(system);
    system.ledger.failure = new LedgerUnavailableError("down");
    const answer = await buyer.send("GET", `/api/reservations/${id}`, { bearer: token });
    expect([answer.status, answer.body.error]).toEqual([503, "ledger_unavailable"]);
  });

  test("an unexpected error is 500 and tells a stranger nothing about it", async () => {
    await using system = await startTestGateway();
    const { buyer, token, id } = await accepted(system);
    system.ledger.failure = new Error("table of secrets is on fire");
    const answer = await buyer.send("GET", `/api/reservations/${id}`, { bearer: token });
    expect(answer.status).toBe(500);
    expect(answer.body).toEqual({ error: "internal", message: "Something went wrong on the server." });
  });

  test("events tell pending, then won, and end with the order", async () => {
    await using system = await startTestGateway();
    const { buyer, token, id } = await accepted(system);
    const response = await fetch(`${system.url}/api/reservations/${id}/events?token=${token}`);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    let text = "";
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const isRecorded = (await system.ledger.orders.read(id)) !== undefined;
      if (text.includes('"pending"') && !isRecorded) await recordAll(system);
      if (text.includes('"won"')) await buyer.send("POST", `/api/orders/${id}/pay`);
    }
    const statuses = [...text.matchAll(/event: status\ndata: (.*)\n\n/g)].map(([, data]) => JSON.parse(data!).status);
    expect(statuses).toEqual(["pending", "won", "paid"]);
  });

  test("listeners beyond the limit are sent away, and a place becomes free when one leaves", async () => {
    await using system = await startTestGateway({ limits: { event_listeners: 1 } });
    const { buyer, token, id } = await accepted(system);
    const leave = new AbortController();
    const path = `/api/reservations/${id}/events`;
    const first = await fetch(`${system.url}${path}?token=${token}`, { signal: leave.signal });
    expect(first.status).toBe(200);
    const second = await buyer.send("GET", path, { bearer: token });
    expect([second.status, second.body.error]).toEqual([503, "too_many_listeners"]);
    leave.abort();
    let third: Response;
    do {
      third = await fetch(`${system.url}${path}?token=${token}`);
      if (third.status !== 200) await third.body?.cancel();
    } while (third.status === 503);
    expect(third.status).toBe(200);
    await third.body?.cancel();
  });

  test("stopping the gateway ends the streams of events", async () => {
    const system = await startTestGateway();
    const { token, id } = await accepted(system);
    const response = await fetch(`${system.url}/api/reservations/${id}/events?token=${token}`);
    const text = response.text();
    await system.gateway.stop(60_000);
    expect(await text).toContain('"pending"');
  });
});

describe("orders", () => {
  test("the owner pays once, and paying again changes nothing", async () => {
    await using system = await startTestGateway();
    const { buyer, id } = await accepted(system);
    await recordAll(system);
    for (let repeat = 0; repeat < 2; repeat++) {
      const paid = await buyer.send("POST", `/api/orders/${id}/pay`);
      expect([paid.status, paid.body.status]).toEqual([200, "paid"]);
    }
    const cancelled = await buyer.send("POST", `/api/orders/${id}/cancel`);
    expect(cancelled.body).toEqual({ error: "order_not_cancellable", message: "The order is paid." });
    expect(cancelled.status).toBe(409);
  });

  test("a cancelled order cannot be paid", async () => {
    await using system = await startTestGateway();
    const { buyer, id } = await accepted(system);
    await recordAll(system);
    expect((await buyer.send("POST", `/api/orders/${id}/cancel`)).body.status).toBe("cancelled");
    const paid = await buyer.send("POST", `/api/orders/${id}/pay`);
    expect([paid.status, paid.body.error]).toEqual([409, "order_not_payable"]);
  });

  test("others cannot pay or cancel it, and an order that is not there is not found", async () => {
    await using system = await startTestGateway();
    const { buyer, id } = await accepted(system);
    const early = await buyer.send("POST", `/api/orders/${id}/pay`);
    expect([early.status, early.body.error]).toEqual([404, "order_not_found"]);
    await recordAll(system);
    const [eve] = await buyerWithToken(system.url, "Eve", "headphones");
    for (const action of ["pay", "cancel"]) {
      const answer = await eve.send("POST", `/api/orders/${id}/${action}`);
      expect([answer.status, answer.body.error]).toEqual([403, "not_owner"]);
      expect((await new TestBuyer(system.url).send("POST", `/api/orders/${id}/${action}`)).status).toBe(401);
    }
    expect((await system.ledger.orders.read(id))?.state).toBe("reserved");
  });
});
