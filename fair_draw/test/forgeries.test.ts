import { describe, expect, test } from "bun:test";
import {
  commitmentOf,
  type DrawRules,
  ed25519PublicKey,
  ed25519Signer,
  type Entry,
  hashRules,
  parseRules,
  type Receipt,
  receiptProblem,
  signAnnouncement,
  signedHeadProblem,
  signHead,
  signReceipt,
} from "../index.ts";
import * as independent from "./independent.ts";
import { findingsOfDraw, reportOf } from "./judge.ts";
import { bytesFrom, entriesOf, hex, holdDraw, raw, rulesWith, shopKey, textOf } from "./room.ts";

/** A shop has its key, and so can make all anew. The file alone cannot show it; what visitors have kept can. */
const [drawn, late] = [12, 4];
const honest = holdDraw(entriesOf(drawn, late), drawn);
const renumbered = (entries: readonly Entry[]): Entry[] =>
  entries.map((entry, index) => ({ ...entry, number: index + 1 }));

const numbers = honest.entries.map(({ number }) => number);

describe.each(numbers)("a shop that leaves out entry %d and makes everything anew", (dropped) => {
  const entries = renumbered(honest.entries.filter(({ number }) => number !== dropped));
  const forged = holdDraw(entries, dropped <= drawn ? drawn - 1 : drawn);

  test("is not found by the file alone", async () => {
    expect(await findingsOfDraw(forged)).toBe("ok");
  });

  test("is found by the receipt of that entry and of all later ones", async () => {
    for (const receipt of honest.receipts) {
      const findings = await findingsOfDraw(forged, { receipts: [receipt] });
      expect(findings).toBe(receipt.number < dropped ? "ok" : `receipt of entry ${receipt.number}`);
    }
  });

  test("is found by the announcement, if the entry was drawn", async () => {
    const findings = await findingsOfDraw(forged, { announcement: honest.announcement });
    expect(findings).toBe(dropped <= drawn ? "kept announcement" : "ok");
  });

  test("is found by each signed head from that entry on", async () => {
    for (const head of honest.heads) {
      const findings = await findingsOfDraw(forged, { heads: [head] });
      expect(findings).toBe(head.number < dropped ? "ok" : `kept head of ${head.number} entries`);
    }
  });
});

test("a shop that enters a friend is found by the announcement and by heads", async () => {
  const friend: Entry = { number: 1, pseudonym: bytesFrom("a friend", 16), time: honest.entries[0]!.time };
  const forged = holdDraw(renumbered([...honest.entries.slice(0, 5), friend, ...honest.entries.slice(5)]), drawn + 1);
  expect(await findingsOfDraw(forged)).toBe("ok");
  expect(await findingsOfDraw(forged, { announcement: honest.announcement })).toBe("kept announcement");
  expect(await findingsOfDraw(forged, { heads: [honest.heads[6]!] })).toBe("kept head of 6 entries");
});

test("a shop that changes its secret or its rules is found by whatever was kept", async () => {
  const secret = bytesFrom("a secret with a nicer order");
  const changed = rulesWith({ commitment: hex(commitmentOf(secret)) });
  const { header, entries } = holdDraw(honest.entries, drawn, changed);
  const forged = { header: { ...header, secret: hex(secret) }, entries };
  expect(await findingsOfDraw(forged)).toBe("ok");
  expect(await findingsOfDraw(forged, { receipts: [honest.receipts[0]!] })).toBe("receipt of entry 1");
  expect(await findingsOfDraw(forged, { heads: [honest.heads[0]!] })).toBe("kept head of 0 entries");
  expect(await findingsOfDraw(forged, { announcement: honest.announcement })).toBe("kept announcement");
});

test("a shop that closes the draw too early, or too late for some, is found by the times", async () => {
  expect(await findingsOfDraw(holdDraw(honest.entries, drawn - 1))).toBe("times");
  expect(await findingsOfDraw(holdDraw(honest.entries, drawn + 1))).toBe("times");
  const early = honest.entries.with(0, { ...honest.entries[0]!, time: honest.header.rules.opensAt - 1 });
  expect(await findingsOfDraw(holdDraw(early, drawn))).toBe("times");
});

test("a shop that gives one visitor two entries under one pseudonym is found", async () => {
  const doubled = honest.entries.with(7, { ...honest.entries[7]!, pseudonym: honest.entries[2]!.pseudonym });
  const report = await reportOf(await textOf(holdDraw(doubled, drawn)));
  expect(report.checks.filter(({ outcome }) => outcome === "failed")).toEqual([
    { name: "pseudonyms", outcome: "failed", detail: "entries 3 and 8 have the same pseudonym" },
  ]);
});

test("a receipt says the place that an independent implementation computes", async () => {
  const report = await reportOf(await textOf(honest), { receipts: honest.receipts });
  const name = independent.rulesHash(honest.header.rules);
  const leaves = honest.entries.map((entry) => independent.leaf(name, { ...entry, pseudonym: hex(entry.pseudonym) }));
  const root = independent.root(leaves.slice(0, drawn));
  const seed = independent.seed(name, honest.header.secret, root, "");
  const places = [...independent.places(seed, leaves.slice(0, drawn)), ...numbers.slice(drawn)];
  expect(report.receipts.map(({ place }) => place!)).toEqual(places);
  expect(report.verdict).toBe("ok");
});

describe("a signature of the shop", () => {
  const { rules } = honest.header;
  const [name, entry] = [hashRules(rules), honest.entries[0]!];
  const otherRules: DrawRules = { ...rules, room: "Another room" };
  const notThisDraw = "it proves nothing about this draw: ";

  const receiptFindings = async (receipt: Receipt): Promise<string | undefined> =>
    (await reportOf(await textOf(honest), { receipts: [receipt] })).checks.at(-1)?.detail;

  test("by another key does not hold", async () => {
    const forged = signReceipt(ed25519Signer(bytesFrom("another key")), name, entry);
    expect(await receiptFindings(forged)).toBe(`${notThisDraw}its signature is not by the key of these rules`);
  });

  test("of another room does not hold, and not under the name of this one", async () => {
    const other = signReceipt(ed25519Signer(shopKey), hashRules(otherRules), entry);
    expect(await receiptFindings(other)).toBe(`${notThisDraw}it belongs to other rules`);
    const renamed = { ...other, rules: hex(name) };
    expect(await receiptFindings(renamed)).toBe(`${notThisDraw}its signature is not by the key of these rules`);
    const head = signHead(ed25519Signer(shopKey), hashRules(otherRules), { number: 0, head: name });
    expect(signedHeadProblem(rules, name, head)).toBe("it belongs to other rules");
  });

  test("for another purpose does not hold", () => {
    // A shop that signs any of these messages for one purpose has not signed it for another one.
    const signed = ed25519Signer(shopKey);
    const leaf = independent.leaf(hex(name), { ...entry, pseudonym: hex(entry.pseudonym) });
    const receipt = honest.receipts[0]!;
    for (const tag of ["00", "01", "02", "04", "05", "06", "07", "08"]) {
      const signature = hex(signed(raw(`${tag}${leaf}`)));
      expect(receiptProblem(rules, name, { ...receipt, signature })).toContain("signature is not by the key");
    }
    const { count, root, head } = honest.announcement;
    const announced = signAnnouncement(signed, name, { count, root: raw(root), head: raw(head) });
    const asHead = { ...honest.heads[count]!, signature: announced.signature };
    expect(signedHeadProblem(rules, name, asHead)).toContain("signature is not by the key");
  });

  test("has one form: the order of the group added to it does not hold", () => {
    const receipt = honest.receipts[0]!;
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const littleEndian = (text: string): string => hex(raw(text).toReversed());
    const s = BigInt(`0x${littleEndian(receipt.signature.slice(64))}`) + order;
    const signature = receipt.signature.slice(0, 64) + littleEndian(s.toString(16).padStart(64, "0"));
    expect(receiptProblem(rules, name, receipt)).toBeUndefined();
    expect(receiptProblem(rules, name, { ...receipt, signature })).toContain("signature is not by the key");
  });

  test("cannot be by a key of small order, with which anybody could sign", () => {
    const identity = `01${"00".repeat(31)}`;
    expect(() => parseRules(rulesWith({ receiptKey: identity }))).toThrow("not a usable key of Ed25519");
    expect(parseRules(rulesWith({ receiptKey: hex(ed25519PublicKey(shopKey)) }))).toEqual(rulesWith());
  });
});
