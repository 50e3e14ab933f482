import { describe, expect, test } from "bun:test";
import { GateOutcomeUnknown } from "../../src/gate/gate-errors.ts";
import { LedgerUnavailableError } from "../../src/ledger/ledger-errors.ts";
import { startTestGateway, testProduct } from "../fakes/test-gateway.ts";
import { both, idsOf, partsOf, read, record, registered, sellOut, unitsLeft, withToken } from "./bundle-fixtures.ts";

describe("a token for a bundle", () => {
  test("names its products in the order of their ids, each with its number of units", async () => {
    await using system = await startTestGateway({ speaker: { limitPerUser: 2 } });
    const buyer = await registered(system);
    const answer = await buyer.send("POST", "/api/token", {
      json: { products: [{ productID: "speaker", quantity: 2 }, { productID: "headphones" }] },
    });
    expect(answer.status).toBe(200);
    expect(answer.body.reservation).toMatch(/^bundle-[A-Za-z0-9_-]{16}$/);
    const payload = JSON.parse(Buffer.from(answer.body.token.split(".")[2], "base64url").toString());
    expect(payload[1]).toEqual([
      ["headphones", 1],
      ["speaker", 2],
    ]);
  });

  test("is refused with the product, its value and the limit when the products do not go together", async () => {
    await using system = await startTestGateway({ product: { limitPerUser: 2 } });
    const { sales } = system.ledger;
    const hour = 3_600_000;
    const times = { startsAtMs: system.now() - hour, endsAtMs: system.now() + hour };
    await sales.create({ id: "autumn", title: "Autumn", ...times }, [{ ...testProduct, id: "tent", saleId: "autumn" }]);
    const francs = { ...testProduct, id: "amp", saleId: "winter", currency: "CHF" };
    await sales.create({ id: "winter", title: "Winter", ...times }, [
      { ...francs, id: "mixer", currency: "EUR" },
      francs,
    ]);
    await system.gateway.catalogue.refresh();
    const buyer = await registered(system);
    const one = (productID: string, quantity = 1): object => ({ productID, quantity });
    const many = Array.from({ length: 9 }, (_unused, index) => one(`p${index}`));
    const cases: [unknown, number, string, string][] = [
      [{ products: [one("headphones"), one("unicorn")] }, 404, "product_not_found", 'There is no product "unicorn".'],
      [
        { products: [one("headphones"), one("tent")] },
        400,
        "invalid_request",
        "belongs to the sale autumn, and headphones to spring",
      ],
      [
        { products: [one("mixer"), one("amp")] },
        400,
        "invalid_request",
        "its price is in CHF, and that of mixer in EUR",
      ],
      [{ products: [one("speaker"), one("speaker")] }, 400, "invalid_request", "names each product once"],
      [
        { products: [one("headphones", 3), one("speaker")] },
        400,
        "invalid_request",
        "its quantity is 3; it must be at most 2",
      ],
      [
        { products: [one("headphones", 0), one("speaker")] },
        400,
        "invalid_request",
        "products.0.quantity is 0: must be at least 1",
      ],
      [{ products: [one("headphones")] }, 400, "invalid_request", "must be at least 2 entries"],
      [{ products: many }, 400, "invalid_request", "must be at most 8 entries"],
      [{ products: [one("headphones"), one("speaker")], productID: "speaker" }, 400, "invalid_request", "has both"],
      [{}, 400, "invalid_request", "has neither"],
    ];
    for (const [json, status, error, message] of cases) {
      const refused = await buyer.send("POST", "/api/token", { json });
      expect([refused.status, refused.body.error]).toEqual([status, error]);
      expect(refused.body.message).toContain(message);
    }
  });

  test("fits with eight products whose ids are as long as they may be", async () => {
    await using system = await startTestGateway();
    const long = (name: string): string => name.padEnd(64, "x");
    const ids = Array.from({ length: 8 }, (_unused, index) => long(`p${index}`));
    const sale = { id: long("sale"), title: "Sale", startsAtMs: system.now() - 1_000, endsAtMs: system.now() + 60_000 };
    const products = ids.map((id) => ({ ...testProduct, id, saleId: sale.id, limitPerUser: 1_000, total: 1_000 }));
    await system.ledger.sales.create(sale, products);
    for (const product of products) await system.gate.arm(sale, product, product.total);
    await system.gateway.catalogue.refresh();
    const buyer = await registered(system);
    const token = await buyer.bundleToken(...ids.map((productID) => ({ productID, quantity: 1_000 })));
    const answer = await buyer.checkBundle(token);
    expect([answer.status, answer.body.parts?.length]).toEqual([202, 8]);
    for (const id of ids) expect(system.gate.stocks.get(id)!.available).toBe(0);
  });
});

describe("/check with a bundle", () => {
  test("takes units of all products: accepted, and held for each repetition", async () => {
    await using system = await startTestGateway();
    const { buyer, token } = await withToken(system);
    const first = await buyer.checkBundle(token);
    const id = first.body.reservation;
    expect(first.body).toEqual({ reservation: id, status: "accepted", parts: partsOf(id) });
    expect(first.status).toBe(202);
    expect(unitsLeft(system)).toEqual([1, 1]);
    const again = await buyer.send("GET", "/check", { bearer: token });
    expect(again.body).toEqual({ reservation: id, status: "held", parts: partsOf(id) });
    expect(again.status).toBe(200);
    expect(unitsLeft(system)).toEqual([1, 1]);
  });

  test("is refused with the product that is sold out, and the units of the others come back", async () => {
    await using system = await startTestGateway();
    await sellOut(system, "speaker");
    const { buyer, token } = await withToken(system);
    const refused = await buyer.checkBundle(token);
    expect([refused.status, refused.body.error, refused.body.productID]).toEqual([410, "sold_out", "speaker"]);
    // Nobody can wait for a bundle.
    expect(refused.body.canWait).toBeUndefined();
    expect(unitsLeft(system)).toEqual([1, 0]);
    const [id] = idsOf(token);
    const { reservationId } = system.gate.accepted.at(-1)!;
    expect(reservationId).toBe(`${id}.1.2`);
    expect(await system.ledger.bundles.read(id)).toMatchObject({ state: "broken", reason: "sold_out" });
    expect(await read({ buyer, token }, id)).toEqual({
      ...{ reservation: id, status: "rejected", reason: "sold_out" },
      parts: partsOf(id, { status: "rejected" }),
    });
    await record(system);
    const returned = await system.ledger.returns.pending(10);
    expect(returned.map((one) => one.reservationId)).toEqual([reservationId]);
    // The token stands for this bundle, so it gets this answer for ever.
    system.gate.stocks.get("speaker")!.available = 1;
    const again = await buyer.checkBundle(token);
    expect([again.status, again.body.error]).toEqual([410, "bundle_broken"]);
    expect(unitsLeft(system)).toEqual([1, 1]);
  });

  test("names the product of which too few units are left", async () => {
    await using system = await startTestGateway({ speaker: { limitPerUser: 3, total: 2 } });
    const buyer = await registered(system);
    const token = await buyer.bundleToken("headphones", { productID: "speaker", quantity: 3 });
    const refused = await buyer.checkBundle(token);
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({ error: "too_few_left", left: 2, productID: "speaker" });
  });

  test("is not written into the ledger when its first product is refused, and the token stays good", async () => {
    await using system = await startTestGateway({ limits: { sold_out_hint_ms: 0 } });
    await sellOut(system, "headphones");
    const { buyer, token } = await withToken(system);
    const refused = await buyer.checkBundle(token);
    expect([refused.status, refused.body.productID]).toEqual([410, "headphones"]);
    expect((await system.ledger.bundles.figures()).unreleased).toBe(0);
    expect(unitsLeft(system)).toEqual([0, 2]);
    system.gate.stocks.get("headphones")!.available = 1;
    expect((await buyer.checkBundle(token)).status).toBe(202);
  });

  test("takes no unit while one of its products is known to be sold out", async () => {
    await using system = await startTestGateway();
    await sellOut(system, "speaker");
    const late = await registered(system, "late");
    expect((await late.check("speaker", await late.token("speaker"))).status).toBe(410);
    const { buyer, token } = await withToken(system);
    const calls = system.gate.reserveCalls;
    for (let tries = 0; tries < 3; tries++) {
      const refused = await buyer.checkBundle(token);
      expect([refused.status, refused.body.error, refused.body.productID]).toEqual([410, "sold_out", "speaker"]);
    }
    expect(system.gate.reserveCalls).toBe(calls);
    expect(unitsLeft(system)).toEqual([2, 0]);
  });

  test("asks the gate again now and then although a product was sold out", async () => {
    await using system = await startTestGateway({ limits: { sold_out_hint_ms: 1 } });
    await sellOut(system, "speaker");
    const late = await registered(system, "late");
    expect((await late.check("speaker", await late.token("speaker"))).status).toBe(410);
    system.gate.stocks.get("speaker")!.available = 1;
    await Bun.sleep(5);
    const { buyer, token } = await withToken(system);
    expect((await buyer.checkBundle(token)).status).toBe(202);
  });

  test("a product that sells out between two tries breaks a bundle that has units already", async () => {
    await using system = await startTestGateway();
    const { buyer, token } = await withToken(system);
    const speaker = system.gate.stocks.get("speaker")!;
    speaker.paused = true;
    expect((await buyer.checkBundle(token)).body.error).toBe("sale_paused");
    expect(unitsLeft(system)).toEqual([1, 2]);
    speaker.paused = false;
    await sellOut(system, "speaker");
    const late = await registered(system, "late");
    expect((await late.check("speaker", await late.token("speaker"))).status).toBe(410);
    expect((await buyer.checkBundle(token)).body.error).toBe("sold_out");
    const [id] = idsOf(token);
    expect(await system.ledger.bundles.read(id)).toMatchObject({ state: "broken", reason: "sold_out" });
  });

  test("an unknown outcome of one part is asked for again with the same token, and takes each unit once", async () => {
    await using system = await startTestGateway();
    const { buyer, token } = await withToken(system);
    const away = () => Promise.reject(new GateOutcomeUnknown("away"));
    system.gate.scripted.push(away, away, away);
    const unknown = await buyer.checkBundle(token);
    expect([unknown.status, unknown.body.error, unknown.body.productID]).toEqual([
      503,
      "gate_unavailable",
      "headphones",
    ]);
    expect(await system.ledger.bundles.read(idsOf(token)[0])).toBeUndefined();
    // Once is repeated by the gateway itself.
    system.gate.scripted.push(away);
    expect((await buyer.checkBundle(token)).status).toBe(202);
    expect(unitsLeft(system)).toEqual([1, 1]);
  });

  test("a paused product refuses the bundle for now only", async () => {
    await using system = await startTestGateway();
    const { buyer, token } = await withToken(system);
    system.gate.stocks.get("speaker")!.paused = true;
    const paused = await buyer.checkBundle(token);
    expect([paused.status, paused.body.error, paused.body.productID]).toEqual([503, "sale_paused", "speaker"]);
    expect(paused.headers.get("retry-after")).toBe("5");
    system.gate.stocks.get("speaker")!.paused = false;
    expect((await buyer.checkBundle(token)).status).toBe(202);
  });

  test("a bundle that the ledger has given up is told as broken by every gateway", async () => {
    await using system = await startTestGateway();
    const { buyer, token } = await withToken(system);
    expect((await buyer.checkBundle(token)).status).toBe(202);
    const [bundleId, userId] = idsOf(token);
    await system.ledger.bundles.giveUp({ bundleId, userId, saleId: "spring", parts: 2 }, "bundle_broken");
    const broken = await buyer.checkBundle(token);
    expect([broken.status, broken.body.error]).toEqual([410, "bundle_broken"]);
  });

  test("bundles and single products are sold while the ledger is away", async () => {
    await using system = await startTestGateway();
    await sellOut(system, "speaker");
    const { buyer, token } = await withToken(system);
    const [single, other] = [await registered(system, "single"), await withToken(system, "other")];
    const bearer = await single.token("headphones");
    system.ledger.failure = new LedgerUnavailableError("away");
    expect((await buyer.checkBundle(token)).body).toMatchObject({ error: "sold_out", productID: "speaker" });
    system.gate.stocks.get("speaker")!.available = 1;
    // The bundle is not given up, so the same token may still complete it.
    await system.gateway.catalogue.refresh();
    expect((await single.check("headphones", bearer)).status).toBe(202);
    expect((await other.buyer.checkBundle(other.token)).body).toMatchObject({ error: "sold_out" });
    system.ledger.failure = undefined;
    expect(await system.ledger.bundles.read(idsOf(token)[0])).toBeUndefined();
  });

  test("does not hang when the ledger does not answer", async () => {
    await using system = await startTestGateway();
    await sellOut(system, "speaker");
    const { buyer, token } = await withToken(system);
    const { promise: never } = Promise.withResolvers<never>();
    system.ledger.bundles.giveUp = () => never;
    const startedMs = performance.now();
    expect((await buyer.checkBundle(token)).body).toMatchObject({ error: "sold_out", productID: "speaker" });
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });

  test("counts as one try of the user", async () => {
    await using system = await startTestGateway({ limits: { check_per_user: { rate_per_second: 0.001, burst: 1 } } });
    const { buyer, token } = await withToken(system);
    expect((await buyer.checkBundle(token)).status).toBe(202);
    expect((await buyer.checkBundle(token)).body.error).toBe("limited");
  });

  test("a request that names a product or a quantity besides is one for another product", async () => {
    await using system = await startTestGateway({ limits: { ban_after_failures: 3 } });
    const { buyer, token } = await withToken(system);
    for (const query of ["productID=headphones", "productID=", "quantity=2"]) {
      const refused = await buyer.send("POST", `/check?${query}`, { bearer: token });
      expect([refused.status, refused.body.error]).toEqual([403, "token_wrong_product"]);
    }
    expect(system.gate.reserveCalls).toBe(0);
    expect((await buyer.checkBundle(token)).body.error).toBe("banned");
  });
});

const many = { limitPerUser: 2, total: 4 };

describe("a bundle and the limit per user", () => {
  test("who holds a product cannot have a bundle with it", async () => {
    await using system = await startTestGateway();
    const { buyer, token } = await withToken(system);
    const single = await buyer.check("speaker", await buyer.token("speaker"));
    expect(single.status).toBe(202);
    const refused = await buyer.checkBundle(token);
    expect(refused.status).toBe(409);
    const { reservation } = single.body;
    expect(refused.body).toMatchObject({ error: "over_limit", left: 0, productID: "speaker", reservation });
    expect(await system.ledger.bundles.read(idsOf(token)[0])).toMatchObject({
      state: "broken",
      reason: "limit_per_user",
    });
  });

  test("who holds a bundle and asks for one of its products gets the bundle", async () => {
    await using system = await startTestGateway();
    const { buyer, token } = await withToken(system);
    await buyer.checkBundle(token);
    const held = await buyer.check("speaker", await buyer.token("speaker"));
    expect([held.status, held.body]).toEqual([200, { reservation: idsOf(token)[0], status: "held" }]);
  });

  test("who holds a bundle and asks for it again with a new token is told its id", async () => {
    await using system = await startTestGateway();
    const { buyer, token } = await withToken(system);
    await buyer.checkBundle(token);
    const again = await buyer.checkBundle(await buyer.bundleToken(...both));
    expect(again.status).toBe(409);
    const [reservation] = idsOf(token);
    expect(again.body).toMatchObject({ error: "over_limit", left: 0, productID: "headphones", reservation });
    expect(unitsLeft(system)).toEqual([1, 1]);
  });

  test("who holds a bundle and asks for more than the limit leaves is told its id, with or without a bundle", async () => {
    await using system = await startTestGateway({ product: many, speaker: many });
    const { buyer, token } = await withToken(system);
    await buyer.checkBundle(token);
    const [reservation] = idsOf(token);
    const next = await buyer.bundleToken("headphones", { productID: "speaker", quantity: 2 });
    const bundle = await buyer.checkBundle(next);
    expect(bundle.body).toMatchObject({ error: "over_limit", left: 1, productID: "speaker", reservation });
    const query = "/check?productID=speaker&quantity=2";
    const single = await buyer.send("POST", query, { bearer: await buyer.token("speaker") });
    expect(single.status).toBe(409);
    expect(single.body).toMatchObject({ error: "over_limit", left: 1, reservation });
  });

  test("who still holds units of a broken bundle is told to try again, and gets them when they are back", async () => {
    await using system = await startTestGateway();
    await sellOut(system, "speaker");
    const { buyer, token } = await withToken(system);
    expect((await buyer.checkBundle(token)).body.error).toBe("sold_out");
    const { userId, reservationId } = system.gate.accepted.at(-1)!;
    // The sweep that brings the headphones back has not come yet.
    const single = await buyer.token("headphones");
    const early = await buyer.check("headphones", single);
    expect([early.status, early.body.error, early.headers.get("retry-after")]).toEqual([503, "gate_closed", "1"]);
    await system.gateway.catalogue.refresh();
    system.gate.stocks.get("speaker")!.available = 1;
    await system.gateway.catalogue.refresh();
    const next = await buyer.bundleToken(...both);
    const again = await buyer.checkBundle(next);
    expect([again.status, again.body.error, again.body.productID]).toEqual([503, "gate_closed", "headphones"]);
    const ids = { saleId: "spring", productId: "headphones", userId, reservationId, epoch: 1 };
    expect((await system.gate.giveBack(ids)).kind).toBe("returned");
    expect((await buyer.checkBundle(next)).status).toBe(202);
  });

  test("with a limit above one, a part of a broken bundle is in nobody's way, whatever else the user holds", async () => {
    await using system = await startTestGateway({ product: many, speaker: many });
    const { buyer, token } = await withToken(system);
    const speaker = system.gate.stocks.get("speaker")!;
    // The bundle breaks at the speaker, and goes on to hold one pair of headphones.
    speaker.available = 0;
    expect((await buyer.checkBundle(token)).body.error).toBe("sold_out");
    const { userId, reservationId } = system.gate.accepted.at(-1)!;
    speaker.available = 4;
    await system.gateway.catalogue.refresh();
    const closed = async (answer: Promise<{ status: number; body: { error?: string } }>): Promise<void> => {
      const { status, body } = await answer;
      expect([status, body.error]).toEqual([503, "gate_closed"]);
    };
    // Two more would be one too many, and then a single one that the user has bought since stands last.
    const two = await buyer.token("headphones");
    await closed(buyer.send("POST", "/check?productID=headphones&quantity=2", { bearer: two }));
    const next = await buyer.bundleToken({ productID: "headphones", quantity: 2 }, "speaker");
    await closed(buyer.checkBundle(next));
    expect((await buyer.check("headphones", await buyer.token("headphones"))).status).toBe(202);
    const third = await buyer.token("headphones");
    await closed(buyer.check("headphones", third));
    const ids = { saleId: "spring", productId: "headphones", userId, reservationId, epoch: 1 };
    expect((await system.gate.giveBack(ids)).kind).toBe("returned");
    expect((await buyer.check("headphones", third)).status).toBe(202);
    // Now the limit is reached in truth.
    const over = await buyer.checkBundle(next);
    expect([over.status, over.body.error, over.body.left]).toEqual([409, "over_limit", 0]);
  });

  test("a bundle is not given up for good because of a part of a broken one", async () => {
    await using system = await startTestGateway({ product: many, speaker: many });
    const buyer = await registered(system);
    const first = await buyer.bundleToken(...both);
    expect((await buyer.checkBundle(first)).status).toBe(202);
    const [bundleId, userId] = idsOf(first);
    await system.ledger.bundles.giveUp({ bundleId, userId, saleId: "spring", parts: 2 }, "bundle_broken");
    const headphones = {
      saleId: "spring",
      productId: "headphones",
      userId,
      reservationId: `${bundleId}.1.2`,
      epoch: 1,
    };
    expect((await system.gate.giveBack(headphones)).kind).toBe("returned");
    const next = await buyer.bundleToken("headphones", { productID: "speaker", quantity: 2 });
    const early = await buyer.checkBundle(next);
    expect([early.status, early.body.error, early.body.productID]).toEqual([503, "gate_closed", "speaker"]);
    const returned = { ...headphones, productId: "speaker", reservationId: `${bundleId}.2.2` };
    expect((await system.gate.giveBack(returned)).kind).toBe("returned");
    expect((await buyer.checkBundle(next)).status).toBe(202);
  });
});
