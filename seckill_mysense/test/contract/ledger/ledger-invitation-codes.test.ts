import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { maxCodesAtOnce } from "../../../src/ledger/invitation-codes.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { makeProduct, makeSale, unique } from "./ledger-fixtures.ts";
import { ledgerKinds, type LedgerPlace } from "./ledger-places.ts";

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`invitation codes in the ledger on ${kind.name}${kind.skipped}`, () => {
    let place: LedgerPlace;
    let ledger: Ledger;
    /** Another gateway. */
    let other: Ledger;

    beforeAll(async () => {
      place = await kind.create();
      ledger = place.connect({});
      other = place.connect({});
      await ledger.migrate();
    });
    afterAll(() => place?.remove());

    const openSale = async (codes = 0): Promise<string> => {
      const sale = makeSale({ invitedOnly: true });
      await ledger.sales.create(sale, [makeProduct(sale)]);
      if (codes > 0) await make(sale.id, codes);
      return sale.id;
    };
    const make = (saleId: string, count: number) =>
      ledger.invitationCodes.make({ saleId, nameKeys: new Array<undefined>(count).fill(undefined), actor: "ada" });

    test("have numbers without a gap and one key, however often they are made, and by two at once", async () => {
      const saleId = await openSale();
      const made = await Promise.all([make(saleId, 3), make(saleId, 600), make(saleId, 3)]);
      const [first, ...others] = made.map(({ key }) => Buffer.from(key));
      expect(first).toHaveLength(32);
      expect(others).toEqual([first!, first!]);
      expect(Buffer.from((await other.invitationCodes.key(saleId))!)).toEqual(first!);
      const codes = await ledger.invitationCodes.list(saleId, 0, 1_000);
      expect(codes.map(({ number }) => number)).toEqual(Array.from({ length: 606 }, (_, index) => index + 1));
      const history = await ledger.changes.history(saleId, 10);
      expect(history.filter(({ action, actor }) => action === "codes made" && actor === "ada")).toHaveLength(3);
    });

    test("are made for a sale of invited users only, and not too many at once", async () => {
      const sale = makeSale();
      await ledger.sales.create(sale, [makeProduct(sale)]);
      expect(make(sale.id, 1)).rejects.toThrow("not for invited users only");
      expect(make("no-such-sale", 1)).rejects.toThrow("there is no such sale");
      const saleId = await openSale();
      expect(make(saleId, maxCodesAtOnce + 1)).rejects.toThrow(`not from 1 to ${maxCodesAtOnce}`);
      expect(make(saleId, 0)).rejects.toThrow("not from 1 to");
    });

    test("are one user's, whoever hands them in at the same moment at two gateways", async () => {
      const saleId = await openSale(20);
      for (let number = 1; number <= 20; number++) {
        const users = ["ada", "bob", "cyd", "dan"].map((name) => `${name}-${number}`);
        const outcomes = await Promise.all(
          users.map((userId, index) =>
            (index % 2 === 0 ? ledger : other).invitationCodes.use({ saleId, number, userId }),
          ),
        );
        expect(outcomes.toSorted()).toEqual(["taken", "taken", "taken", "used"]);
        const invited = await Promise.all(users.map((userId) => other.invitationCodes.isInvited(saleId, userId)));
        expect(invited).toEqual(outcomes.map((outcome) => outcome === "used"));
      }
    });

    test("stay unused when a user who is invited hands in another one, also in the same moment", async () => {
      const saleId = await openSale(2);
      const use = ({ invitationCodes }: Ledger, number: number) =>
        invitationCodes.use({ saleId, number, userId: "ada" });
      const outcomes = await Promise.all([use(ledger, 1), use(other, 2), use(other, 1), use(ledger, 2)]);
      expect(outcomes.filter((outcome) => outcome === "used")).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === "already")).toHaveLength(3);
      const used = (await ledger.invitationCodes.list(saleId, 0, 10)).filter(({ userId }) => userId !== undefined);
      expect(used).toHaveLength(1);
      const left = used[0]!.number === 1 ? 2 : 1;
      expect(await ledger.invitationCodes.use({ saleId, number: left, userId: "bob" })).toBe("used");
    });

    test("are worth nothing when they are revoked, before the use and after it; another code invites again", async () => {
      const saleId = await openSale(3);
      const { invitationCodes: codes } = ledger;
      expect(await codes.revoke(saleId, 1, "ada")).toEqual({ kind: "revoked", userId: undefined });
      expect(await codes.use({ saleId, number: 1, userId: "bob" })).toBe("revoked");
      expect(await codes.use({ saleId, number: 2, userId: "bob" })).toBe("used");
      for (let again = 0; again < 2; again++) {
        expect(await other.invitationCodes.revoke(saleId, 2, "ada")).toEqual({ kind: "revoked", userId: "bob" });
      }
      expect(await codes.isInvited(saleId, "bob")).toBe(false);
      expect(await codes.use({ saleId, number: 2, userId: "bob" })).toBe("revoked");
      expect(await codes.use({ saleId, number: 3, userId: "bob" })).toBe("used");
      expect(await codes.isInvited(saleId, "bob")).toBe(true);
      expect(await codes.revoke(saleId, 99, "ada")).toEqual({ kind: "unknown" });
      expect(await codes.use({ saleId, number: 99, userId: "cyd" })).toBe("unknown");
      const history = await ledger.changes.history(saleId, 10);
      expect(history.filter(({ action }) => action === "code revoked")).toHaveLength(2);
    });

    test("may be wanted of a draft, and of a published sale no more and no less", async () => {
      const sale = makeSale();
      const id = unique("draft");
      const draft = { ...sale, id };
      await ledger.changes.create(draft, [makeProduct(draft)], { actor: "ada", state: "draft" });
      const change = (invitedOnly: boolean) =>
        ledger.changes.change(id, { kind: "update", invitedOnly }, { actor: "ada" });
      expect(await ledger.invitationCodes.key(id)).toBeUndefined();
      expect((await change(true))!.sale.invitedOnly).toBe(true);
      const { key } = await make(id, 1);
      await change(false);
      await change(true);
      const title = { kind: "update", title: "Other" } as const;
      expect((await ledger.changes.change(id, title, { actor: "ada" }))!.sale.invitedOnly).toBe(true);
      await ledger.changes.change(id, { kind: "publish" }, { actor: "ada" });
      expect(change(false)).rejects.toThrow("invited_only cannot change any more");
      expect((await change(true))!.sale.invitedOnly).toBe(true);
      expect(Buffer.from((await ledger.invitationCodes.key(id))!)).toEqual(Buffer.from(key));
    });
  });
}
