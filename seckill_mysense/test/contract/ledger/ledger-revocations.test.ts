import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { knownAfterEndMs } from "../../../src/domain/sale.ts";
import { longestSessionMs } from "../../../src/domain/user.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { InvalidUserError } from "../../../src/ledger/ledger-errors.ts";
import type { Revocation } from "../../../src/ledger/revocations.ts";
import { makeProduct, makeSale, unique } from "./ledger-fixtures.ts";
import { ledgerKinds, type LedgerPlace } from "./ledger-places.ts";

const nowMs = 1_700_000_000_000;
const page = 1_000;

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`revocations in the ledger on ${kind.name}${kind.skipped}`, () => {
    let place: LedgerPlace;
    let ledger: Ledger;
    let revision = -1;

    beforeAll(async () => {
      place = await kind.create();
      ledger = place.connect({ now: () => nowMs });
      await ledger.migrate();
      await ledger.revocations.since(-1, page);
    });
    afterAll(() => place?.remove());

    /** What is new since the last call. */
    async function news(): Promise<readonly Revocation[]> {
      const found = await ledger.revocations.since(revision, page);
      ({ revision } = found);
      return found.revocations;
    }

    const session = (expiresAtMs = nowMs + 1_000) => {
      return { userId: unique("user"), sessionId: unique("session"), expiresAtMs };
    };

    async function register(): Promise<{ id: string; name: string }> {
      const user = { id: unique("user"), name: unique("Name"), passwordHash: "hash", createdAtMs: nowMs };
      await ledger.users.create(user);
      return user;
    }

    test("one of a session is new once, also when it is repeated", async () => {
      const one = session();
      const revoked = await ledger.revocations.revokeSession(one);
      const { userId, sessionId, expiresAtMs: untilMs } = one;
      expect(revoked).toEqual({ userId, sessionId, leastEpoch: 0, untilMs });
      expect(await news()).toEqual([revoked]);
      expect(await ledger.revocations.revokeSession({ ...one, expiresAtMs: 9e12 })).toEqual(revoked);
      expect(await news()).toEqual([]);
    });

    test("one of a user ends all sessions that it has, and the next login gets the next epoch", async () => {
      const { id, name } = await register();
      const epoch = async (): Promise<number | undefined> => (await ledger.users.findByName(name))?.sessionEpoch;
      expect(await epoch()).toBe(0);
      const revoked = await ledger.revocations.revokeUser(id, "password");
      expect(revoked).toEqual({ userId: id, sessionId: undefined, leastEpoch: 1, untilMs: nowMs + longestSessionMs });
      expect(await epoch()).toBe(1);
      expect((await ledger.revocations.revokeUser(id, "ban")).leastEpoch).toBe(2);
      expect(await epoch()).toBe(2);
      // The second one stands in place of the first.
      expect(await news()).toEqual([{ ...revoked, leastEpoch: 2 }]);
    });

    test("one of a user who is not, or no longer, in the ledger is kept", async () => {
      const userId = unique("gone");
      expect((await ledger.revocations.revokeUser(userId, "deletion")).leastEpoch).toBe(1);
      expect((await ledger.revocations.revokeUser(userId, "deletion")).leastEpoch).toBe(2);
      expect(await news()).toMatchObject([{ userId, leastEpoch: 2 }]);
    });

    test("of the same user at once, each raises the epoch, and none is missed by a reader", async () => {
      const { id } = await register();
      const ledgers = Array.from({ length: 8 }, (_, index) =>
        index % 2 ? ledger : place.connect({ now: () => nowMs }),
      );
      const seen = new Set<string>();
      let isOver = false;
      const reading = (async () => {
        // SQLite answers within the turn: without a pause nobody else would get one.
        for (; !isOver; await Bun.sleep(1)) {
          for (const one of await news()) seen.add(one.sessionId ?? `epoch ${one.leastEpoch}`);
        }
      })();
      const sessions = ledgers.map(() => session());
      const revoked = await Promise.all([
        ...ledgers.map(({ revocations }) => revocations.revokeUser(id, "everywhere")),
        ...ledgers.map(({ revocations }, index) => revocations.revokeSession(sessions[index]!)),
      ]);
      isOver = true;
      await reading;
      for (const one of await news()) seen.add(one.sessionId ?? `epoch ${one.leastEpoch}`);
      const epochs = revoked.flatMap(({ sessionId, leastEpoch }) => (sessionId === undefined ? [leastEpoch] : []));
      expect(epochs.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      expect(sessions.filter(({ sessionId }) => !seen.has(sessionId))).toEqual([]);
      expect(seen).toContain("epoch 8");
    });

    test("are read in pages, the oldest first", async () => {
      await news();
      const before = revision;
      const sessions = Array.from({ length: 5 }, () => session());
      for (const one of sessions) await ledger.revocations.revokeSession(one);
      const found: (string | undefined)[] = [];
      for (let known = before, isMore = true; isMore;) {
        const read = await ledger.revocations.since(known, 2);
        found.push(...read.revocations.map(({ sessionId }) => sessionId));
        known = read.revision;
        isMore = read.revocations.length === 2;
      }
      expect(found).toEqual(sessions.map(({ sessionId }) => sessionId));
      await news();
    });

    test("are forgotten after their end, one step at a time", async () => {
      const step = (endedBeforeMs: number): Promise<number> => ledger.revocations.forget({ endedBeforeMs, limit: 2 });
      const early = nowMs - longestSessionMs;
      for (let index = 0; index < 3; index++) await ledger.revocations.revokeSession(session(early + index));
      expect(await step(early)).toBe(0);
      expect(await step(early + 10)).toBe(2);
      expect(await step(early + 10)).toBe(1);
      expect(await step(early + 10)).toBe(0);
      expect((await ledger.revocations.since(-1, page)).revocations.length).toBeGreaterThan(0);
    });

    test("are kept until no token of any sale is of use any more", async () => {
      const sale = makeSale({ endsAtMs: nowMs + 2 * longestSessionMs });
      await ledger.sales.create(sale, [makeProduct(sale)]);
      const untilMs = sale.endsAtMs + knownAfterEndMs;
      expect((await ledger.revocations.revokeSession(session())).untilMs).toBe(untilMs);
      expect((await ledger.revocations.revokeUser(unique("user"), "ban")).untilMs).toBe(untilMs);
    });

    test("with ids that no ledger can hold are refused", async () => {
      await expect(ledger.revocations.revokeUser("", "ban")).rejects.toThrow(InvalidUserError);
      const nameless = { ...session(), sessionId: "" };
      await expect(ledger.revocations.revokeSession(nameless)).rejects.toThrow(InvalidUserError);
    });
  });
}
