import { describe, expect, test } from "bun:test";
import { failures } from "../../src/contract/failures.ts";
import { quantityEndpoints } from "../../src/contract/quantity.ts";
import { LedgerUnavailableError } from "../../src/ledger/ledger-errors.ts";
import { startSweeper } from "../../src/orders/sweeper.ts";
import { sendBytes } from "../fakes/send-bytes.ts";
import { TestBuyer } from "../fakes/test-buyer.ts";
import { otherKey, shopKey, startTestQuantity, type TestQuantity } from "../fakes/test-quantity.ts";

/** A program that talks HTTP by itself. */
function program(system: TestQuantity, bearer = shopKey) {
  const http = new TestBuyer(system.url);
  return {
    get: (path: string) => http.send("GET", path, { bearer }),
    post: (path: string, json?: object) => http.send("POST", path, json === undefined ? { bearer } : { bearer, json }),
  };
}

const headphones = { productID: "headphones", requestID: "order-1", userID: "ada" };

describe("the quantity service", () => {
  test("reserves, tells the reservation, and takes it for good", async () => {
    await using system = await startTestQuantity();
    const shop = program(system);
    const first = await shop.post("/reservations", headphones);
    expect(first.status).toBe(202);
    const reservation = { requestID: "order-1", productID: "headphones", userID: "ada", quantity: 1 };
    expect(first.body).toMatchObject({ ...reservation, status: "pending" });
    expect((await shop.get("/reservations/order-1")).body).toEqual(first.body);
    await system.recordAll();
    const reserved = await shop.get("/reservations/order-1");
    expect(reserved.body).toMatchObject({ status: "reserved", confirmBeforeMs: expect.any(Number) });
    for (const _time of ["first", "again"]) {
      const confirmed = await shop.post("/reservations/order-1/confirm");
      expect([confirmed.status, confirmed.body.status]).toEqual([200, "confirmed"]);
    }
    const released = await shop.post("/reservations/order-1/release");
    expect([released.status, released.body.error]).toEqual([409, "not_releasable"]);
    expect(await system.ledger.orders.read(first.body.reservation)).toMatchObject({
      state: "paid",
      userId: "shop:ada",
    });
  });

  test("/getOne is the same by its historic name, and shares the request ids", async () => {
    await using system = await startTestQuantity();
    const shop = program(system);
    const first = await shop.get("/getOne?productID=headphones&quantity=1&requestID=order-1&userID=ada");
    expect(first.status).toBe(202);
    const again = await shop.post("/reservations", headphones);
    expect([again.status, again.body]).toEqual([200, first.body]);
    expect(system.gate.accepted).toHaveLength(1);
  });

  test("a repeated request gets the same reservation at any time of its life", async () => {
    await using system = await startTestQuantity();
    const shop = program(system);
    const again = async () => (await shop.post("/reservations", headphones)).body;
    const first = await again();
    expect(await again()).toEqual(first);
    await system.recordAll();
    expect(await again()).toMatchObject({ reservation: first.reservation, status: "reserved" });
    expect((await shop.post("/reservations/order-1/release")).body.status).toBe("released");
    expect(await again()).toMatchObject({ reservation: first.reservation, status: "released" });
    expect((await shop.post("/reservations/order-1/confirm")).body.error).toBe("not_confirmable");
    expect(system.gate.accepted).toHaveLength(1);
  });

  test("a request id stands for one product, one quantity and one user: anything else is refused and takes nothing", async () => {
    await using system = await startTestQuantity();
    const shop = program(system);
    await shop.post("/reservations", headphones);
    for (const change of [{ productID: "speaker" }, { userID: "bob" }, { userID: undefined }, { quantity: 900 }]) {
      const answer = await shop.post("/reservations", { ...headphones, ...change });
      expect([answer.status, answer.body.error]).toEqual([409, "request_conflict"]);
      expect(answer.body.message).toContain("order-1 stands for product headphones, quantity 1, user ada");
    }
    expect(system.gate.accepted).toHaveLength(1);
  });

  test("of two requests at once with one id and different products one is refused", async () => {
    await using system = await startTestQuantity();
    const shop = program(system);
    const answers = await Promise.all(
      ["headphones", "speaker"].map((productID) => shop.post("/reservations", { productID, requestID: "twice" })),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([202, 409]);
    expect(system.gate.accepted).toHaveLength(1);
  });

  test("the limit per user holds for users that are named, and for no others", async () => {
    await using system = await startTestQuantity();
    const shop = program(system);
    expect((await shop.post("/reservations", headphones)).status).toBe(202);
    const second = await shop.post("/reservations", { ...headphones, requestID: "order-2" });
    expect([second.status, second.body.error]).toEqual([409, "user_limit"]);
    // The same name at another program is another user.
    const elsewhere = await program(system, otherKey).post("/reservations", headphones);
    expect(elsewhere.status).toBe(202);
    for (const requestID of ["a", "b"]) {
      expect((await shop.post("/reservations", { productID: "speaker", requestID })).status).toBe(202);
    }
    expect((await shop.post("/reservations", { productID: "speaker", requestID: "c" })).body.error).toBe("sold_out");
    expect((await shop.get("/reservations/c")).body.error).toBe("reservation_not_found");
  });

  test("a user may have another unit when the sweeper has told the gate of the one that was released", async () => {
    await using system = await startTestQuantity();
    const { ledger, gate } = system;
    const shop = program(system);
    await shop.post("/reservations", headphones);
    await system.recordAll();
    expect((await shop.post("/reservations/order-1/release")).body.status).toBe("released");
    const next = () => shop.post("/reservations", { ...headphones, requestID: "order-2" });
    const early = await next();
    expect([early.status, early.body.error]).toEqual([409, "user_limit"]);
    const sweeper = startSweeper({ ...ledger, gate, intervalMs: 3_600_000 });
    await sweeper.sweep();
    await sweeper.stop();
    expect((await next()).status).toBe(202);
  });

  test("where no body belongs, one in chunks counts as none if it is empty, and is refused otherwise", async () => {
    await using system = await startTestQuantity();
    const port = Number(new URL(system.url).port);
    await program(system).post("/reservations", headphones);
    await system.recordAll();
    const send = async (start: string, chunks: string): Promise<string> => {
      const head = `Host: shop\r\nAuthorization: Bearer ${shopKey}\r\nConnection: close\r\n`;
      return sendBytes(port, `${start} HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\n${chunks}`);
    };
    const [empty, emptyObject, more] = ["0\r\n\r\n", "2\r\n{}\r\n0\r\n\r\n", 'a\r\n{"by": 1 }\r\n0\r\n\r\n'];
    const confirm = "POST /reservations/order-1/confirm";
    const short = ["no", "42", "[]", "1", "{", " "].map((text) => `${text.length}\r\n${text}\r\n0\r\n\r\n`);
    for (const body of [more, ...short])
      expect(await send(confirm, body)).toMatch(/^HTTP\/1.1 400 .*This address takes no body/s);
    for (const body of [more, empty]) expect(await send("GET /reservations/order-1", body)).toMatch(/^HTTP\/1.1 400 /);
    expect(await send(confirm, empty)).toMatch(/^HTTP\/1.1 200 .*"confirmed"/s);
    expect(await send(confirm, emptyObject)).toMatch(/^HTTP\/1.1 200 /);
  });

  test("several units are reserved with one request id, at most as many as one user may buy", async () => {
    await using system = await startTestQuantity({ product: { total: 4, limitPerUser: 3 } });
    const ask = (requestID: string, quantity: number) =>
      program(system).post("/reservations", { ...headphones, requestID, quantity, userID: requestID });
    const tooMany = await ask("a", 4);
    expect([tooMany.status, tooMany.body.error, tooMany.body.left]).toEqual([409, "over_limit", 3]);
    const taken = await ask("b", 3);
    expect([taken.status, taken.body.quantity]).toEqual([202, 3]);
    expect((await ask("b", 3)).status).toBe(200);
    expect((await ask("b", 2)).body.error).toBe("request_conflict");
    const tooFew = await ask("c", 2);
    expect([tooFew.status, tooFew.body.error, tooFew.body.left]).toEqual([409, "too_few_left", 1]);
    expect((await ask("d", 1)).status).toBe(202);
    expect((await ask("e", 1)).body.error).toBe("sold_out");
  });

  test("a confirmation waits for the order, and says so when it is too long on its way", async () => {
    await using patient = await startTestQuantity({ recordWaitMs: 10_000 });
    const shop = program(patient);
    await shop.post("/reservations", headphones);
    const confirmed = shop.post("/reservations/order-1/confirm");
    await patient.recordAll();
    expect((await confirmed).body.status).toBe("confirmed");

    await using hasty = await startTestQuantity({ recordWaitMs: 0 });
    await program(hasty).post("/reservations", headphones);
    const early = await program(hasty).post("/reservations/order-1/release");
    expect([early.status, early.body.error, early.headers.get("retry-after")]).toEqual([503, "not_recorded_yet", "1"]);
  });

  test("what is left is told of one product and of many", async () => {
    await using system = await startTestQuantity();
    const shop = program(system);
    const spring = { productID: "headphones", saleID: "spring", remaining: 2, total: 2, paused: false };
    expect((await shop.get("/remaining/headphones")).body).toMatchObject(spring);
    const many = await shop.get("/remaining?productIDs=headphones,unicorn,speaker");
    expect(many.body.products).toMatchObject([spring, { productID: "speaker", saleID: "autumn" }]);
    expect((await shop.get("/remaining/unicorn")).body.error).toBe("product_not_found");
    const tooMany = Array.from({ length: 101 }, (_none, index) => `p${index}`).join(",");
    expect((await shop.get(`/remaining?productIDs=${tooMany}`)).body.error).toBe("invalid_request");
  });

  test("nothing is written and no gate is asked before the start", async () => {
    await using system = await startTestQuantity({ startsInMs: 60_000 });
    const answer = await program(system).post("/reservations", headphones);
    expect([answer.status, answer.body.error]).toEqual([425, "not_started"]);
    expect(answer.body.startsAtMs).toBeGreaterThan(Date.now());
    expect(system.gate.reserveCalls).toBe(0);
    expect((await program(system).get("/reservations/order-1")).body.error).toBe("reservation_not_found");
  });

  test("while the ledger is away nothing is reserved, and afterwards the same request is", async () => {
    await using system = await startTestQuantity();
    const shop = program(system);
    system.ledger.failure = new LedgerUnavailableError("away");
    const answer = await shop.post("/reservations", headphones);
    expect([answer.status, answer.body.error]).toEqual([503, "ledger_unavailable"]);
    expect(system.gate.accepted).toHaveLength(0);
    system.ledger.failure = undefined;
    expect((await shop.post("/reservations", headphones)).status).toBe(202);
  });

  test("bad fields are named, with their values and limits", async () => {
    await using system = await startTestQuantity();
    const shop = program(system);
    const message = async (answer: ReturnType<typeof shop.get>) => (await answer).body.message;
    expect(await message(shop.get("/getOne?productID=headphones"))).toBe("requestID is missing: must be a string");
    expect(await message(shop.get("/getOne?productID=headphones&requestID=a&quantity=0"))).toContain("at least 1");
    expect(await message(shop.get("/getOne?productID=headphones&requestID=a&requestID=b"))).toContain(
      '"requestID" twice',
    );
    expect(await message(shop.get("/getOne?productID=headphones&requestID=a&amount=1"))).toContain(
      "amount is not a known",
    );
    const long = await shop.post("/reservations", { ...headphones, userID: "u".repeat(41) });
    expect(long.body.message).toContain("must be at most 40");
  });

  test("it describes itself, and every refusal in the description has a status", async () => {
    await using system = await startTestQuantity();
    const description = (await program(system).get("/openapi.json")).body;
    expect(Object.keys(description.paths)).toEqual([
      ...["/getOne", "/reservations", "/reservations/{requestID}", "/reservations/{requestID}/confirm"],
      ...["/reservations/{requestID}/release", "/remaining/{productID}", "/remaining"],
      ...["/healthz", "/readyz", "/openapi.json"],
    ]);
    expect(description.paths["/getOne"].get.security).toEqual([{ programKey: [] }]);
    for (const endpoint of Object.values(quantityEndpoints)) {
      for (const code of endpoint.failures) expect(failures[code].status).toBeGreaterThanOrEqual(400);
    }
    expect((await program(system).get("/readyz")).body.status).toBe("ready");
    expect((await program(system).get("/nowhere")).body.error).toBe("not_found");
  });
});
