import { expect, test } from "bun:test";
import { InvitationCodes } from "../../src/authorization/invitation-codes.ts";
import { InvitedUsers } from "../../src/gateway/invited-users.ts";

const ada = { userId: "ada", name: "Ada" };

function ledgerWithKeys() {
  const ledger = { key: new Uint8Array(32).fill(1), reads: 0, isAway: false };
  const codes = {
    async key() {
      ledger.reads++;
      if (ledger.isAway) throw new Error("the ledger is away");
      return ledger.key;
    },
    use: async () => "used" as const,
    isInvited: async () => false,
  };
  const code = (): string => new InvitationCodes(ledger.key, "spring").write({ number: 1, nameKey: undefined });
  return { ledger, code, users: new InvitedUsers({ codes }) };
}

test("the key of a sale's codes is read once, and anew for a sale that was made again", async () => {
  const { ledger, code, users } = ledgerWithKeys();
  const sale = { id: "spring", invitedOnly: true } as const;
  for (let time = 0; time < 3; time++) expect(await users.use(sale, ada, code())).toBeUndefined();
  expect(ledger.reads).toBe(1);
  const before = code();
  ledger.key = new Uint8Array(32).fill(2);
  // As the catalogue has it when the ledger was put back, and the sale was made again with the same id.
  const again = { ...sale };
  expect(await users.use(again, ada, code())).toBeUndefined();
  expect(await users.use(again, ada, before)).toBe("code_invalid");
});

test("a key that could not be read is asked for again", async () => {
  const { ledger, code, users } = ledgerWithKeys();
  const sale = { id: "spring", invitedOnly: true } as const;
  ledger.isAway = true;
  await expect(users.use(sale, ada, code())).rejects.toThrow("away");
  ledger.isAway = false;
  expect(await users.use(sale, ada, code())).toBeUndefined();
});
