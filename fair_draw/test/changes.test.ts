import { describe, expect, test } from "bun:test";
import { type DrawHeader, type Entry, hashRules, leafOf, nextHead } from "../index.ts";
import { findingsOf, findingsOfDraw } from "./judge.ts";
import { bytesFrom, entriesOf, hex, holdDraw, rulesWith, textOf, witnesses } from "./room.ts";

/** Every single change of a disclosure is found by the file alone: nobody but the shop can sign anew. */
const [drawn, late] = [24, 8];
const held = holdDraw(entriesOf(drawn, late), drawn);
const { entries, header } = held;
const numbered = entries.map((entry) => [entry.number, entry] as const);

const withEntries = (changed: readonly Entry[]): Promise<string> => findingsOfDraw({ header, entries: changed });
const replaced = (number: number, changes: Partial<Entry>): Entry[] =>
  entries.map((entry) => (entry.number === number ? { ...entry, ...changes } : entry));
/** As a shop would do it that hides the gap. */
const renumbered = (changed: readonly Entry[]): Entry[] =>
  changed.map((entry, index) => ({ ...entry, number: index + 1 }));

test("an honest draw is ok", async () => {
  expect(await findingsOfDraw(held)).toBe("ok");
});

describe("an entry", () => {
  test.each(numbered)("%d is not changed unseen", async (number, { pseudonym, time }) => {
    for (const other of [number - 1, number + 1, number + 100].filter((each) => each > 0)) {
      expect(await withEntries(replaced(number, { number: other }))).toContain("numbers");
    }
    for (const other of [bytesFrom("somebody else", 16), pseudonym.with(15, pseudonym[15]! ^ 1)]) {
      expect(await withEntries(replaced(number, { pseudonym: other }))).toContain("last head");
    }
    for (const other of [time + 1, time - 1, 0]) {
      expect(await withEntries(replaced(number, { time: other }))).toContain("last head");
    }
  });

  test.each(numbered)("%d is not dropped unseen", async (number) => {
    const changed = entries.filter((entry) => entry.number !== number);
    expect(await withEntries(changed)).not.toBe("ok");
    expect(await withEntries(renumbered(changed))).toContain("last head");
  });

  test.each(numbered)("is not added before %d unseen", async (number) => {
    for (const added of [entries[0]!, { number, pseudonym: bytesFrom("a friend", 16), time: entries[0]!.time }]) {
      const changed = entries.toSpliced(number - 1, 0, added);
      expect(await withEntries(changed)).toContain("last head");
      expect(await withEntries(renumbered(changed))).toContain("last head");
    }
  });

  test.each(numbered)("%d is not swapped with another unseen", async (number, entry) => {
    for (const other of entries.slice(number)) {
      const swapped = entries.with(number - 1, other).with(other.number - 1, entry);
      expect(await withEntries(renumbered(swapped))).toContain("last head");
    }
  });

  test.each(numbered)("%d is not moved to an end unseen", async (number, entry) => {
    const others = entries.filter((each) => each !== entry);
    const moved = [
      [entry, ...others],
      [...others, entry],
    ].filter((each) => each[number - 1] !== entry);
    for (const each of moved) expect(await withEntries(renumbered(each))).toContain("last head");
  });
});

describe("the header", () => {
  const other = hex(bytesFrom("another value"));
  // The first public key of RFC 8032's tests.
  const otherKey = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
  const otherSignature = hex(bytesFrom("another signature", 64));
  const { rules, announcement, lastHead } = header;
  const changes: Record<string, Partial<DrawHeader>> = {
    "rules.room": { rules: { ...rules, room: "Another room" } },
    "rules.opensAt": { rules: { ...rules, opensAt: rules.opensAt - 1 } },
    "rules.closesAt": { rules: { ...rules, closesAt: rules.closesAt - 1 } },
    "rules.receiptKey": { rules: { ...rules, receiptKey: otherKey } },
    "rules.commitment": { rules: { ...rules, commitment: other } },
    secret: { secret: other },
    "announcement.rules": { announcement: { ...announcement, rules: other } },
    "announcement.count": { announcement: { ...announcement, count: announcement.count - 1 } },
    "announcement.root": { announcement: { ...announcement, root: other } },
    "announcement.head": { announcement: { ...announcement, head: other } },
    "announcement.signature": { announcement: { ...announcement, signature: otherSignature } },
    "lastHead.rules": { lastHead: { ...lastHead, rules: other } },
    "lastHead.number": { lastHead: { ...lastHead, number: lastHead.number - 1 } },
    "lastHead.head": { lastHead: { ...lastHead, head: other } },
    "lastHead.signature": { lastHead: { ...lastHead, signature: otherSignature } },
  };

  test.each(Object.entries(changes))("is not changed in %s unseen", async (_, change) => {
    const findings = await findingsOfDraw({ header: { ...header, ...change }, entries });
    expect(findings).not.toBe("ok");
    expect(findings).not.toContain("cannot be read");
  });

  test("is not changed in the order of the drawn and the late unseen", async () => {
    for (const count of [0, drawn - 1, drawn + 1, drawn + late, 2 ** 32 - 1]) {
      const changed = { ...header, announcement: { ...announcement, count } };
      expect(await findingsOfDraw({ header: changed, entries })).toContain("announcement");
    }
  });

  test("has the head of all entries: an older signed head leaves the last ones out", async () => {
    for (const older of held.heads.slice(0, -1)) {
      expect(await findingsOfDraw({ header: { ...header, lastHead: older }, entries })).toBe("last head");
      const cut = { header: { ...header, lastHead: older }, entries: entries.slice(0, older.number) };
      // Of the late ones, a shop can disclose fewer. Who has a receipt of theirs finds it: see forgeries.test.ts.
      expect(await findingsOfDraw(cut)).toBe(older.number >= drawn ? "ok" : "announced root, announced head");
    }
  });
});

describe("the public value", () => {
  const witnessed = holdDraw(entriesOf(4, 1), 4, rulesWith({ publicValue: witnesses }));
  const another = holdDraw(entriesOf(5, 0), 5, rulesWith({ publicValue: witnesses }));

  test("of witnesses holds", async () => {
    expect(await findingsOfDraw(witnessed)).toBe("ok");
  });

  test("is not that of another root", async () => {
    const changed = { ...witnessed.header, publicValue: another.header.publicValue };
    expect(await findingsOfDraw({ ...witnessed, header: changed })).toBe("public value");
  });

  test("is not changed in any place unseen", async () => {
    const { publicValue } = witnessed.header;
    if (publicValue.kind !== "witnesses") throw new Error("these are witnesses");
    for (const [index, signature] of publicValue.signatures.entries()) {
      for (let at = index; at < signature.length; at += 11) {
        const digit = ((Number.parseInt(signature[at]!, 16) + 1) % 16).toString(16);
        const changed = `${signature.slice(0, at)}${digit}${signature.slice(at + 1)}`;
        const value = { ...publicValue, signatures: publicValue.signatures.with(index, changed) };
        expect(await findingsOfDraw({ ...witnessed, header: { ...witnessed.header, publicValue: value } })).toBe(
          "public value",
        );
      }
    }
  });
});

describe("the file", () => {
  const small = holdDraw(entriesOf(4, 2), 4);

  test("is not cut off anywhere unseen", async () => {
    const text = await textOf(small);
    for (let length = 0; length < text.length; length++) {
      expect(await findingsOf(text.slice(0, length))).toStartWith("cannot be read");
    }
  });

  test("has no line that is missing, doubled or moved", async () => {
    const lines = (await textOf(small)).trimEnd().split("\n");
    const file = (changed: readonly string[]): string => changed.map((line) => `${line}\n`).join("");
    for (const [index, line] of lines.entries()) {
      expect(await findingsOf(file(lines.toSpliced(index, 1)))).not.toBe("ok");
      expect(await findingsOf(file(lines.toSpliced(index, 0, line)))).not.toBe("ok");
      const next = lines[index + 1];
      if (next !== undefined)
        expect(await findingsOf(file(lines.with(index, next).with(index + 1, line)))).not.toBe("ok");
    }
  });

  test("has no bit that could be another one", async () => {
    const bytes = new TextEncoder().encode(await textOf(small));
    const unseen: string[] = [];
    for (let index = 0; index < bytes.length; index++) {
      // Two bits of each byte, other ones at each byte: all eight would take four times as long.
      for (const bit of [index % 8, (index + 3) % 8]) {
        const flipped = bytes.with(index, (bytes[index] as number) ^ (1 << bit));
        if ((await findingsOf(flipped)) === "ok") unseen.push(`bit ${bit} of byte ${index}`);
      }
    }
    expect(unseen).toEqual([]);
  });
});

test("whoever has no key of the shop cannot sign what fits to a changed entry", async () => {
  const changed = replaced(3, { pseudonym: bytesFrom("somebody else", 16) });
  const name = hashRules(header.rules);
  const headOf = (part: readonly Entry[]): string =>
    hex(part.reduce((head, entry) => nextHead(head, leafOf(name, entry)), name));
  const thief = holdDraw(changed, drawn).header;
  const forged: DrawHeader = {
    ...header,
    announcement: { ...thief.announcement, signature: header.announcement.signature },
    lastHead: { ...header.lastHead, head: headOf(changed) },
  };
  expect(await findingsOfDraw({ header: forged, entries: changed })).toBe("last head, announcement");
});
