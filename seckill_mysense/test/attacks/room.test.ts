import { describe, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { RoomPasses } from "../../src/authorization/room-passes.ts";
import { deriveSigningKey } from "../../src/authorization/signing-key.ts";
import { signText } from "../../src/authorization/signed-text.ts";
import { TestBuyer } from "../fakes/test-buyer.ts";
import { testProduct, testSecret } from "../fakes/test-gateway.ts";
import { RoomShop } from "../gateway/room-shop.ts";

const queue = { mode: "queue", closesAtMs: undefined, admitPer1000Seconds: 10_000, useWithinMs: 2_000 } as const;

/** A queue that has begun: the first buyer is admitted, the second one is not. */
async function openQueue(): Promise<{ shop: RoomShop; first: TestBuyer; second: TestBuyer }> {
  const shop = await RoomShop.open(queue);
  const [first, second] = (await shop.entered(2)) as [TestBuyer, TestBuyer];
  await shop.goTo(shop.startsAtMs);
  await shop.goTo(shop.startsAtMs + 100);
  return { shop, first, second };
}

/** What somebody is told who has nothing to do with the room. */
const stranger = async (shop: RoomShop): Promise<unknown> => (await shop.read(new TestBuyer(shop.url))).body;

const errorOf = async (answer: Promise<{ body: { error?: string } }>): Promise<string | undefined> =>
  (await answer).body.error;

describe("attacks on a waiting room", () => {
  test("no token without a place, before the turn, or after the window", async () => {
    const { shop, first, second } = await openQueue();
    await using _ = shop;
    const stranger = await shop.buyer("stranger");
    expect(await errorOf(shop.token(stranger))).toBe("room_required");
    expect(await errorOf(shop.token(second))).toBe("room_not_admitted");
    expect(await errorOf(shop.token(new TestBuyer(shop.url)))).toBe("session_required");
    await shop.goTo(shop.nowMs + 1_999);
    expect((await shop.token(first)).status).toBe(200);
    await shop.goTo(shop.nowMs + 1);
    expect(await errorOf(shop.token(first))).toBe("room_place_expired");
    await shop.goTo(shop.nowMs + 60_000);
    expect(await errorOf(shop.token(second))).toBe("room_place_expired");
  });

  test("asking for the headers of the disclosure alone takes none of the few downloads", async () => {
    await using shop = await RoomShop.open();
    await shop.entered(2);
    await shop.goTo(shop.startsAtMs);
    await shop.goTo(shop.startsAtMs + 24 * 3_600_000);
    const address = `${shop.url}/api/room/disclosure?saleID=${shop.saleId}`;
    for (let index = 0; index < 8; index++) expect((await fetch(address, { method: "HEAD" })).status).toBe(200);
    const answer = await fetch(address);
    expect(answer.status).toBe(200);
    expect((await answer.text()).length).toBeGreaterThan(0);
  });

  test("many who ask for the disclosure at once get no more than the few downloads, and an address one", async () => {
    await using shop = await RoomShop.open({}, { backend: { trusted_proxies: ["127.0.0.1"] } });
    await shop.entered(2);
    await shop.goTo(shop.startsAtMs);
    await shop.goTo(shop.startsAtMs + 24 * 3_600_000);
    const address = `${shop.url}/api/room/disclosure?saleID=${shop.saleId}`;
    const { rooms } = shop.shop.ledger;
    const readState = rooms.state.bind(rooms);
    const held = Promise.withResolvers<void>();
    let reading = 0;
    const refused: number[] = [];
    rooms.state = async (roomId) => {
      reading++;
      await held.promise;
      return readState(roomId);
    };
    const ask = (from: string) => fetch(address, { headers: { "x-forwarded-for": from } });
    const answers: Promise<void>[] = [];
    const askMany = async (addresses: readonly string[]): Promise<void> => {
      for (const from of addresses) {
        answers.push(
          (async () => {
            const answer = await ask(from);
            if (answer.status !== 200) refused.push(answer.status);
            await answer.body?.cancel();
          })(),
        );
      }
      await waitUntil(() => reading + refused.length === answers.length, {
        ...{ what: "all to be told", timeoutMs: 10_000 },
      });
    };
    await askMany(Array.from({ length: 12 }, () => "192.0.2.1"));
    expect([reading, refused]).toEqual([1, Array.from({ length: 11 }, () => 429)]);
    refused.length = 0;
    answers.length = 1;
    await askMany(["192.0.2.2", "2001:db8::1", "192.0.2.3", "192.0.2.4", "2001:db8::2"]);
    // The two addresses of IPv6 are of one network.
    expect([reading, refused.toSorted()]).toEqual([4, [429, 503]]);
    held.resolve();
    await Promise.all(answers);
    rooms.state = readState;
    for (const from of ["192.0.2.1", "192.0.2.4"]) {
      const answer = await ask(from);
      expect(answer.status).toBe(200);
      await answer.text();
    }
  });

  test("no bundle and no waiting list past the room, and no entry into it by a wrong door", async () => {
    const { shop, first, second } = await openQueue();
    await using _ = shop;
    const products = [{ productID: testProduct.id }, { productID: "speaker" }];
    const bundle = (buyer: TestBuyer) => buyer.send("POST", "/api/token", { json: { products } });
    const wait = (buyer: TestBuyer) => buyer.send("POST", "/api/waiting-list", { json: { productID: "speaker" } });
    expect(await errorOf(bundle(second))).toBe("room_not_admitted");
    expect(await errorOf(wait(second))).toBe("room_not_admitted");
    expect(await errorOf(wait(await shop.buyer("stranger")))).toBe("room_required");
    expect((await bundle(first)).status).toBe(200);
    expect(await errorOf(wait(first))).toBe("units_left");
    await shop.goTo(shop.nowMs + 60_000);
    // Who was let in may wait for a unit that comes back; who let the place go may not.
    expect(await errorOf(wait(first))).toBe("units_left");
    expect(await errorOf(wait(second))).toBe("room_place_expired");
  });

  test("the pass of another user, of another room or of another shop lets nobody in", async () => {
    const { shop, first, second } = await openQueue();
    await using _ = shop;
    const own = (await shop.read(first)).body.pass as string;
    expect(await errorOf(shop.token(second, { "x-room-pass": own }))).toBe("room_not_admitted");
    const stranger = await shop.buyer("stranger");
    expect(await errorOf(shop.token(stranger, { "x-room-pass": own }))).toBe("room_required");
    const choice = { index: 0 };
    const read = new RoomPasses([testSecret], choice).read(own)!;
    const elsewhere = new RoomPasses([testSecret], choice).write({ ...read, roomId: read.roomId + 1 });
    const forged = new RoomPasses([`${testSecret}-another`], choice).write(read);
    for (const pass of [elsewhere, forged, `${own}x`, own.slice(0, -1), own.replace("v1", "v2"), "", "v1...", " "]) {
      const answer = await new TestBuyer(shop.url).send("GET", `/api/room?saleID=${shop.saleId}`, {
        headers: { "x-room-pass": pass },
      });
      expect([answer.status, answer.body.state, answer.body.number]).toEqual([200, "open", undefined]);
    }
  });

  test.each(["/api/session", "/api/sessions"])("after DELETE %s the browser knows no place any more", async (path) => {
    const { shop, first } = await openQueue();
    await using _ = shop;
    expect((await shop.read(first)).body).toMatchObject({ state: "admitted", place: 1 });
    expect((await first.send("DELETE", path)).headers.getSetCookie().join()).toContain("seckill_room=;");
    expect((await shop.read(first)).body).toEqual(await stranger(shop));
  });

  test("a pass that was left in a browser tells its next user nothing, with and without a session", async () => {
    const { shop, first } = await openQueue();
    await using _ = shop;
    expect((await shop.read(first)).body.place).toBe(1);
    // The session has run out, or was ended from another device: nobody took the pass away.
    first.forgetCookie("seckill_session");
    expect((await shop.read(first)).body).toEqual(await stranger(shop));
    // Nor does it use up what its owner may ask.
    for (let index = 0; index < 300; index++) expect((await shop.read(first)).status).toBe(200);
    expect((await first.register("next")).headers.getSetCookie().join()).toContain("seckill_room=;");
    expect((await shop.read(first)).body).toEqual(await stranger(shop));
    expect(await errorOf(shop.token(first))).toBe("room_required");
  });

  test("a text that was signed for another purpose is no pass", async () => {
    const { shop } = await openQueue();
    await using _ = shop;
    for (const purpose of ["session", "sale-token", "invitation"] as const) {
      const text = signText(deriveSigningKey(testSecret, purpose, ""), JSON.stringify([1, 1, "x", 1]));
      expect(new RoomPasses([testSecret], { index: 0 }).read(text)).toBeUndefined();
    }
  });

  test("made-up passes cost the ledger no question", async () => {
    const { shop, first, second } = await openQueue();
    await using _ = shop;
    await shop.read(second);
    const own = (await shop.read(first)).body.pass as string;
    shop.shop.ledger.failure = new Error("the ledger was asked");
    for (let index = 0; index < 50; index++) {
      const pass = `${own.slice(0, -8)}${index.toString().padStart(8, "A")}`;
      const answer = await new TestBuyer(shop.url).send("GET", `/api/room?saleID=${shop.saleId}`, {
        headers: { "x-room-pass": pass },
      });
      expect(answer.status).toBe(200);
    }
    // Whoever asks for a token again and again before the turn costs it nothing either.
    expect(await errorOf(shop.token(second))).toBe("room_not_admitted");
    for (const saleID of ["other", "spring%00", "../spring", "SPRING"]) {
      const answer = await new TestBuyer(shop.url).send("GET", `/api/room?saleID=${saleID}`);
      expect([400, 404]).toContain(answer.status);
    }
    shop.shop.ledger.failure = undefined;
  });

  test("a user enters once: by a second session, at one moment and by another spelling", async () => {
    await using shop = await RoomShop.open(queue);
    await shop.goTo(shop.opensAtMs);
    const ada = await shop.buyer("Ada");
    const again = new TestBuyer(shop.url);
    for (const name of ["Ada", "ada", "ＡＤＡ"]) {
      const login = await again.send("POST", "/api/session", { json: { name, password: "correct horse battery" } });
      if (login.status >= 400) continue;
      const answers = await Promise.all([shop.enter(ada), shop.enter(again), shop.enter(ada), shop.enter(again)]);
      expect(answers.map(({ body }) => body.number)).toEqual([1, 1, 1, 1]);
    }
    for (const saleID of ["spring ", "Spring", "spring\u0000", ["spring"], { $ne: "" }]) {
      const answer = await ada.send("POST", "/api/room", { json: { saleID } });
      expect([400, 404]).toContain(answer.status);
    }
    expect((await shop.shop.ledger.rooms.state(1))!.line.entries).toBe(1);
  });

  test("nobody enters without a session, from another site, or after the end", async () => {
    await using shop = await RoomShop.open(queue);
    await shop.goTo(shop.opensAtMs);
    expect(await errorOf(shop.enter(new TestBuyer(shop.url)))).toBe("session_required");
    const ada = await shop.buyer("Ada");
    const json = { saleID: shop.saleId };
    const headers = { "sec-fetch-site": "cross-site" };
    expect(await errorOf(ada.send("POST", "/api/room", { json, headers }))).toBe("cross_site");
    await shop.shop.ledger.changes.change(shop.saleId, { kind: "cancel" }, { actor: "test" });
    await shop.shop.gateway.catalogue.refresh();
    expect(await errorOf(shop.enter(ada))).toBe("sale_ended");
  });

  test("the secret of the draw is told nobody before the order is known", async () => {
    await using shop = await RoomShop.open();
    const [first] = await shop.entered(2);
    const room = (await shop.shop.ledger.rooms.find(shop.saleId))!;
    const secrets = [room.secret, room.receiptKey, room.pseudonymKey].map((bytes) => Buffer.from(bytes));
    const paths = ["", "/rules", "/heads", "/disclosure"].map((path) => `/api/room${path}?saleID=${shop.saleId}`);
    for (const path of [...paths, "/api/sales", `/api/sales/${shop.saleId}`]) {
      const text = JSON.stringify((await first!.send("GET", path)).body);
      for (const secret of secrets) {
        for (const form of ["hex", "base64", "base64url"] as const) expect(text).not.toContain(secret.toString(form));
      }
    }
    await shop.goTo(shop.startsAtMs);
    const { body } = await first!.send("GET", paths[3]!);
    expect(body).toContain(secrets[0]!.toString("hex"));
    for (const secret of secrets.slice(1)) expect(body).not.toContain(secret.toString("hex"));
  });

  test("a sale's room cannot be taken away to get past it", async () => {
    await using shop = await RoomShop.open(queue);
    const { changes } = shop.shop.ledger;
    const taken = changes.change(shop.saleId, { kind: "update", room: null }, { actor: "test" });
    expect(taken).rejects.toThrow("rules were published");
  });
});
