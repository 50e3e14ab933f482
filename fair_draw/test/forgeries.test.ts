import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { ed25519 } from "@noble/curves/ed25519.js";
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

describe("a shop that signs what does not follow from the entries is found by the file alone", () => {
  const sign = ed25519Signer(shopKey);
  const { rules, announcement, lastHead } = honest.header;
  const name = hashRules(rules);
  const announced = { count: drawn, root: raw(announcement.root), head: raw(announcement.head) };
  const other = bytesFrom("another value");
  const cases = {
    "announced root": { announcement: signAnnouncement(sign, name, { ...announced, root: other }) },
    "announced head": { announcement: signAnnouncement(sign, name, { ...announced, head: other }) },
    "announced root, announced head": {
      announcement: signAnnouncement(sign, name, { ...announced, count: drawn + late + 1 }),
    },
    "last head": { lastHead: signHead(sign, name, { number: lastHead.number, head: other }) },
    "last head: ": { lastHead: signHead(sign, name, { number: lastHead.number + 1, head: raw(lastHead.head) }) },
  };

  test.each(Object.entries(cases))("%s", async (found, changes) => {
    const findings = await findingsOfDraw({ header: { ...honest.header, ...changes }, entries: honest.entries });
    // With another count, late entries count as drawn, and so their times are wrong, too.
    expect(findings.replace("times, ", "")).toBe(found.replace(": ", ""));
  });
});

test("a shop that announces more entries than there are is found by the file alone", async () => {
  const all = holdDraw(entriesOf(5, 0), 5);
  const { root, head } = all.announcement;
  const announced = { count: 6, root: raw(root), head: raw(head) };
  const announcement = signAnnouncement(ed25519Signer(shopKey), hashRules(all.header.rules), announced);
  const findings = await findingsOfDraw({ header: { ...all.header, announcement }, entries: all.entries });
  expect(findings).toBe("announced root, announced head");
});

test("a shop that changes one fact of an entry and makes everything anew is found by its receipt", async () => {
  const [entry, receipt] = [honest.entries[5]!, honest.receipts[5]!];
  for (const change of [{ pseudonym: bytesFrom("a friend", 16) }, { time: entry.time + 1 }]) {
    const forged = holdDraw(honest.entries.with(5, { ...entry, ...change }), drawn);
    expect(await findingsOfDraw(forged)).toBe("ok");
    expect(await findingsOfDraw(forged, { receipts: [receipt] })).toBe("receipt of entry 6");
  }
  // A number that is wrong in the file is found without a receipt; the receipt does not hold either.
  const renumbered = holdDraw(honest.entries.with(5, { ...entry, number: 60 }), drawn);
  expect(await findingsOfDraw(renumbered, { receipts: [receipt] })).toBe("numbers, receipt of entry 6");
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

  test("has one form of its point: with a coordinate above the field's order it does not hold", () => {
    // The shop can sign with the neutral point, whose y is 1. The same point with y = p + 1 would be a second form.
    const { scalar, pointBytes } = ed25519.utils.getExtendedPublicKey(shopKey);
    const leaf = independent.leaf(hex(name), { ...entry, pseudonym: hex(entry.pseudonym) });
    const order = ed25519.Point.Fn.ORDER;
    const littleEndian = (bytes: Uint8Array): bigint => BigInt(`0x${hex(bytes.toReversed())}`);
    const problemWith = (point: Uint8Array): string | undefined => {
      const hash = createHash("sha512")
        .update(point)
        .update(pointBytes)
        .update(raw(`03${leaf}`))
        .digest();
      const s = ((littleEndian(hash) % order) * scalar) % order;
      const signature = hex(point) + hex(raw(s.toString(16).padStart(64, "0")).toReversed());
      return receiptProblem(rules, name, { ...honest.receipts[0]!, signature });
    };
    expect(problemWith(raw(`01${"00".repeat(31)}`))).toBeUndefined();
    expect(problemWith(raw(`ee${"ff".repeat(30)}7f`))).toContain("signature is not by the key");
  });

  test("is checked in what was kept, too", async () => {
    const signature = honest.receipts[0]!.signature;
    const kept = { announcement: { ...honest.announcement, signature }, heads: [{ ...honest.heads[3]!, signature }] };
    const { checks } = await reportOf(await textOf(honest), kept);
    const detail = `${notThisDraw}its signature is not by the key of these rules`;
    expect(checks.filter(({ outcome }) => outcome === "failed")).toEqual([
      { name: "kept announcement", outcome: "failed", detail },
      { name: "kept head of 3 entries", outcome: "failed", detail },
    ]);
  });

  test("cannot be by a key of small order, with which anybody could sign", () => {
    const identity = `01${"00".repeat(31)}`;
    expect(() => parseRules(rulesWith({ receiptKey: identity }))).toThrow("not a usable key of Ed25519");
    expect(parseRules(rulesWith({ receiptKey: hex(ed25519PublicKey(shopKey)) }))).toEqual(rulesWith());
  });
});
