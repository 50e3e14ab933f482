import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { User } from "../../../src/domain/user.ts";
import { InvalidUserError } from "../../../src/ledger/ledger-errors.ts";
import type { LedgerUsers } from "../../../src/ledger/users.ts";
import { unique } from "./ledger-fixtures.ts";
import { ledgerKinds, type LedgerPlace } from "./ledger-places.ts";

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`users in the ledger on ${kind.name}${kind.skipped}`, () => {
    let place: LedgerPlace;
    let users: LedgerUsers;

    beforeAll(async () => {
      place = await kind.create();
      const ledger = place.connect();
      await ledger.migrate();
      users = ledger.users;
    });
    afterAll(() => place?.remove());

    test("an unknown name is undefined", async () => {
      expect(await users.findByName("nothing")).toBeUndefined();
    });

    const makeUser = (changes: Partial<User> = {}): User => ({
      id: unique("user"),
      name: unique("Name"),
      passwordHash: "$argon2id$v=19$m=65536,t=2,p=1$c2FsdA$aGFzaA",
      createdAtMs: 1_700_000_000_000,
      ...changes,
    });

    test("a user is found by name, whatever its case", async () => {
      const user = makeUser({ name: unique("Zoë Ünal") });
      expect(await users.create(user)).toBe("created");
      expect(await users.findByName(user.name)).toEqual({ ...user, sessionEpoch: 0 });
      expect(await users.findByName(user.name.toUpperCase())).toEqual({ ...user, sessionEpoch: 0 });
      expect(await users.findByName(user.name.normalize("NFD"))).toEqual({ ...user, sessionEpoch: 0 });
      expect(await users.findByName(user.name.replace("ë", "e"))).toBeUndefined();
    });

    test("a name is taken for others in any case, and the same user may be created again", async () => {
      const user = makeUser();
      await users.create(user);
      expect(await users.create(makeUser({ name: user.name.toLowerCase() }))).toBe("taken");
      expect(await users.create(user)).toBe("created");
      await expect(users.create({ ...user, name: unique("Another") })).rejects.toThrow(InvalidUserError);
    });

    test("of several users with the same name, created at once, one gets it", async () => {
      const name = unique("Wanted");
      const asking = Array.from({ length: 8 }, (_, index) =>
        (index % 2 ? users : place.connect().users).create(makeUser({ name })),
      );
      const answers = await Promise.all(asking);
      expect(answers.filter((answer) => answer === "created")).toHaveLength(1);
      expect(answers.filter((answer) => answer === "taken")).toHaveLength(7);
    });

    test("a person has one account, and is read with it", async () => {
      const personId = unique("person");
      const user = makeUser({ personId });
      expect(await users.create(user)).toBe("created");
      expect(await users.findByName(user.name)).toEqual({ ...user, sessionEpoch: 0 });
      expect(await users.create(makeUser({ personId }))).toBe("person_taken");
      expect(await users.create(user)).toBe("created");
      // Byte by byte: names of persons have one spelling.
      expect(await users.create(makeUser({ personId: personId.toUpperCase() }))).toBe("created");
      const taken = makeUser({ name: user.name, personId: unique("person") });
      expect(await users.create(taken)).toBe("taken");
      expect(await users.create({ ...taken, name: unique("Name") })).toBe("created");
    });

    test("of several accounts for one person, created at once, one comes into being", async () => {
      const personId = unique("person");
      const wanted = Array.from({ length: 8 }, () => makeUser({ personId }));
      const answers = await Promise.all(
        wanted.map((user, index) => (index % 2 ? users : place.connect().users).create(user)),
      );
      expect(answers.toSorted()).toEqual(["created", ...Array<"person_taken">(7).fill("person_taken")]);
      const found = await Promise.all(wanted.map(({ name }) => users.findByName(name)));
      expect(found.filter((user) => user !== undefined)).toHaveLength(1);
    });

    test("a user that no ledger can hold is refused, naming what is wrong", async () => {
      await expect(users.create(makeUser({ id: "" }))).rejects.toThrow("the user's id is");
      await expect(users.create(makeUser({ personId: "" }))).rejects.toThrow("the person's id is");
      await expect(users.create(makeUser({ name: "  " }))).rejects.toThrow("the user's name is");
      await expect(users.create(makeUser({ name: "n".repeat(101) }))).rejects.toThrow("1 to 100 characters");
      await expect(users.create(makeUser({ passwordHash: "h".repeat(501) }))).rejects.toThrow("has 501 characters");
    });
  });
}
