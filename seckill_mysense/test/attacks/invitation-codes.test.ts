import { describe, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { InvitationCodes } from "../../src/authorization/invitation-codes.ts";
import { Invitations } from "../../src/authorization/invitations.ts";
import type { RoomSettings } from "../../src/domain/room.ts";
import { CodeService } from "../../src/sales/code-service.ts";
import { TestBuyer } from "../fakes/test-buyer.ts";
import { testProduct, testSecret } from "../fakes/test-gateway.ts";
import { InvitedShop } from "../gateway/invited-shop.ts";

const { saleId } = testProduct;

const errorOf = async (answer: Promise<{ body: { error?: string } }>): Promise<string | undefined> =>
  (await answer).body.error;

describe("a sale for invited users", () => {
  test("gives a token to whoever has handed in a code, on every device, and to nobody else", async () => {
    await using shop = await InvitedShop.open();
    const [ada, bob] = [await shop.buyer("Ada"), await shop.buyer("Bob")];
    expect((await ada.send("GET", `/api/sales/${saleId}`)).body.sale.invitedOnly).toBe(true);
    expect(await errorOf(shop.token(ada))).toBe("code_required");
    const code = await shop.code();
    expect((await shop.use(ada, code)).body).toEqual({ saleID: saleId, invited: true });
    const token = (await shop.token(ada)).body.token;
    expect((await ada.check(testProduct.id, token)).status).toBe(202);
    const device = new TestBuyer(shop.url);
    await device.send("POST", "/api/session", { json: { name: "ada", password: "correct horse battery" } });
    expect((await device.send("GET", `/api/invitation-code?saleID=${saleId}`)).body.invited).toBe(true);
    expect((await shop.token(device)).status).toBe(200);
    expect((await shop.use(device, code)).status).toBe(200);
    expect((await bob.send("GET", `/api/invitation-code?saleID=${saleId}`)).body.invited).toBe(false);
    expect(await errorOf(shop.token(bob))).toBe("code_required");
    expect(await shop.counts()).toEqual({ missing: 2, used: 1, already: 1 });
  });

  test("lets nobody past it by a bundle, a waiting list, a room or a wrong door", async () => {
    const openNow: RoomSettings = {
      ...{ mode: "queue", opensAtMs: Date.now() - 120_000, closesAtMs: undefined, admitPer1000Seconds: 10_000_000 },
      ...{ useWithinMs: 3_600_000, startsOnHold: false, publicValue: { kind: "none" } },
    };
    for (const room of [undefined, openNow]) {
      await using shop = await InvitedShop.open({ room });
      const stranger = await shop.buyer("stranger");
      const products = [{ productID: testProduct.id }, { productID: "speaker" }];
      for (const [path, json] of [
        ["/api/token", { productID: testProduct.id }],
        ["/api/token", { products }],
        ["/api/waiting-list", { productID: "speaker" }],
        ["/api/room", { saleID: saleId }],
      ] as const) {
        if (room === undefined && path === "/api/room") continue;
        const answer = await stranger.send("POST", path, { json });
        expect([path, answer.status, answer.body.error]).toEqual([path, 403, "code_required"]);
      }
      expect(await errorOf(shop.use(new TestBuyer(shop.url), await shop.code()))).toBe("session_required");
      const headers = { "sec-fetch-site": "cross-site" };
      const json = { saleID: saleId, code: await shop.code() };
      expect(await errorOf(stranger.send("POST", "/api/invitation-code", { json, headers }))).toBe("cross_site");
      expect((await shop.use(stranger, await shop.code())).status).toBe(200);
      const entered = room && (await stranger.send("POST", "/api/room", { json: { saleID: saleId } }));
      expect(entered?.status ?? 200).toBe(200);
    }
  });

  test("takes no code that is forged, changed, of another sale, of another purpose, or that was never made", async () => {
    await using shop = await InvitedShop.open();
    const { ledger } = shop.shop;
    const { sale, products } = (await ledger.changes.read(saleId))!;
    const other = { ...sale, id: "other" };
    await ledger.sales.create(other, [{ ...products[0]!, id: "other", saleId: "other" }]);
    await shop.shop.gateway.catalogue.refresh();
    const code = await shop.code();
    const [ofOther] = await new CodeService(ledger).make("other", { count: 1 }, "test");
    const key = (await ledger.invitationCodes.key(saleId))!;
    const parts = code.split(".");
    const otherNumber = Buffer.from("[2]").toString("base64url");
    const forged = [
      ...["", "v1", "v1...", "1", code.slice(0, -1), `${code}x`, code.replace("v1", "v2"), code.toUpperCase()],
      [parts[0], parts[1], otherNumber, parts[3]].join("."),
      ofOther!.code,
      new InvitationCodes(new Uint8Array(32), saleId).write({ number: 1, nameKey: undefined }),
      new InvitationCodes(key, "other").write({ number: 1, nameKey: undefined }),
      // Signed rightly, and not in the ledger: somebody has read the key.
      new InvitationCodes(key, saleId).write({ number: 99, nameKey: undefined }),
      new InvitationCodes(key, saleId).write({ number: -1, nameKey: undefined }),
      new Invitations([testSecret]).issue({ personId: "p", expiresAtMs: Date.now() + 60_000 }),
    ];
    const ada = await shop.buyer("Ada");
    for (const text of forged) expect([text, await errorOf(shop.use(ada, text))]).toEqual([text, "code_invalid"]);
    expect((await shop.use(ada, code, ["spring"])).status).toBe(400);
    expect(await errorOf(shop.use(ada, code, "elsewhere"))).toBe("sale_not_found");
    expect(await errorOf(shop.token(ada))).toBe("code_required");
    // Right for its own sale, and there alone.
    expect((await shop.use(ada, ofOther!.code, "other")).status).toBe(200);
    expect(await errorOf(shop.token(ada))).toBe("code_required");
    const counts = await shop.counts();
    expect(counts).toMatchObject({ unknown: 2, missing: 2, used: 1 });
    expect(counts["forged"]).toBeGreaterThan(0);
    expect(counts["malformed"]).toBeGreaterThan(0);
    expect(counts["unknown_key"]).toBeGreaterThan(0);
  });

  test("asks the ledger nothing for a text that is no code", async () => {
    await using shop = await InvitedShop.open();
    const code = await shop.code();
    const ada = await shop.buyer("Ada");
    expect(await errorOf(shop.use(ada, `${code}x`))).toBe("code_invalid");
    shop.shop.ledger.failure = new Error("the ledger was asked");
    for (let index = 0; index < 50; index++) {
      const text = `${code.slice(0, -6)}${index.toString().padStart(6, "A")}`;
      expect(await errorOf(shop.use(ada, text))).toBe("code_invalid");
    }
    shop.shop.ledger.failure = undefined;
  });

  test("gives one code to one user, and a code that is bound to a name to nobody else", async () => {
    await using shop = await InvitedShop.open();
    const [ada, bob] = [await shop.buyer("Ada"), await shop.buyer("Bob")];
    const code = await shop.code();
    const outcomes = await Promise.all([shop.use(ada, code), shop.use(bob, code), shop.use(ada, code)]);
    const errors = outcomes.map(({ body }) => body.error);
    expect(errors.filter((error) => error === "code_taken").length).toBeGreaterThan(0);
    const tokens = await Promise.all([ada, bob].map((buyer) => shop.token(buyer)));
    expect(tokens.map(({ status }) => status).toSorted()).toEqual([200, 403]);
    const bound = await shop.code("ＣＹＤ");
    const eve = await shop.buyer("Eve");
    expect(await errorOf(shop.use(eve, bound))).toBe("code_not_yours");
    expect((await shop.use(await shop.buyer("Cyd"), bound)).status).toBe(200);
    expect(await errorOf(shop.token(eve))).toBe("code_required");
  });

  test("takes a revoked code from its user: no further token, and those from before buy nothing", async () => {
    await using shop = await InvitedShop.open();
    const ada = await shop.buyer("Ada");
    await shop.use(ada, await shop.code());
    const { token } = (await shop.token(ada)).body;
    const { waiters } = shop.shop.ledger;
    const listed = (await waiters.open("speaker"))!;
    const { userID: userId } = (await ada.send("GET", "/api/session")).body;
    const place = { productId: "speaker", userId, gateVersion: listed.product.revision };
    expect((await waiters.join({ ...place, windowMs: 60_000, maxWaiting: 9 })).kind).toBe("joined");
    expect(await shop.codes.revoke(saleId, 1, "test")).toEqual({ number: 1, user: userId });
    // An offer needs no token.
    expect((await waiters.read("speaker", userId))!.state).toBe("left");
    const isRevoked = async (): Promise<boolean> =>
      (await errorOf(ada.check(testProduct.id, token))) === "token_revoked";
    await waitUntil(isRevoked, { what: "the gateway to hear of it", timeoutMs: 10_000 });
    await ada.send("POST", "/api/session", { json: { name: "Ada", password: "correct horse battery" } });
    expect(await errorOf(shop.token(ada))).toBe("code_required");
    const unused = await shop.code();
    await shop.codes.revoke(saleId, 2, "test");
    expect(await errorOf(shop.use(ada, unused))).toBe("code_revoked");
  });

  test("is not opened by a change, once it is published", async () => {
    await using shop = await InvitedShop.open();
    const { changes } = shop.shop.ledger;
    const opened = changes.change(saleId, { kind: "update", invitedOnly: false }, { actor: "test" });
    expect(opened).rejects.toThrow("invited_only cannot change any more");
  });

  test("leaves nobody in a waiting list whose code is revoked while it joins", async () => {
    await using shop = await InvitedShop.open();
    const ada = await shop.buyer("Ada");
    await shop.use(ada, await shop.code());
    const { ledger, gate } = shop.shop;
    gate.stocks.get(testProduct.id)!.available = 0;
    const join = ledger.waiters.join.bind(ledger.waiters);
    ledger.waiters.join = async (request) => {
      await shop.codes.revoke(saleId, 1, "test");
      return join(request);
    };
    const { userID } = (await ada.send("GET", "/api/session")).body;
    expect(await errorOf(ada.send("POST", "/api/waiting-list", { json: { productID: testProduct.id } }))).toBe(
      "code_required",
    );
    expect((await ledger.waiters.read(testProduct.id, userID))!.state).toBe("left");
  });
});
