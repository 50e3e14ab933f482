import { describe, expect, test } from "bun:test";
import { createPrivateKey } from "node:crypto";
import fc from "fast-check";
import {
  canonicalRules,
  commitmentOf,
  DrawnOrder,
  ed25519PublicKey,
  hashRules,
  leafOf,
  MalformedDraw,
  MerkleRoot,
  canonicalJson,
  publicValueBytes,
  seedOf,
  witnessMessage,
} from "../index.ts";
import * as independent from "./independent.ts";
import { entriesOf, hex, holdDraw, raw, rulesWith, secret, shopKey, witnesses } from "./room.ts";

/** RFC 8410: a private key of Ed25519 in front of its 32 bytes. */
const nodeKey = createPrivateKey({
  key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), shopKey]),
  format: "der",
  type: "pkcs8",
});

describe("an independent implementation comes to the same", () => {
  const rules = rulesWith({ publicValue: witnesses });
  const [drawn, late] = [37, 5];
  const { header, entries, receipts, heads } = holdDraw(entriesOf(drawn, late), drawn, rules);
  const name = independent.rulesHash(rules);
  const leaves = entries.map((entry) => independent.leaf(name, { ...entry, pseudonym: hex(entry.pseudonym) }));

  test("rules and commitment", () => {
    expect(canonicalRules(rules)).toBe(independent.canonical(rules));
    expect(hex(hashRules(rules))).toBe(name);
    expect(hex(commitmentOf(secret))).toBe(independent.commitment(hex(secret)));
  });

  test("leaves, heads and root", () => {
    expect(entries.map((entry) => hex(leafOf(raw(name), entry)))).toEqual(leaves);
    for (const { number, head } of heads) expect(head).toBe(independent.head(name, leaves.slice(0, number)));
    expect(header.announcement).toMatchObject({
      count: drawn,
      root: independent.root(leaves.slice(0, drawn)),
      head: independent.head(name, leaves.slice(0, drawn)),
    });
  });

  test("signatures, which are the same each time", () => {
    for (const [index, receipt] of receipts.entries()) {
      const message = independent.messages.receipt(leaves[index] as string);
      expect(receipt.signature).toBe(independent.signHex(nodeKey, message));
    }
    for (const { number, head, signature } of heads) {
      expect(signature).toBe(independent.signHex(nodeKey, independent.messages.head(name, number, head)));
    }
    const { count, root, head, signature } = header.announcement;
    const message = independent.messages.announcement(name, count, root, head);
    expect(independent.isSigned(hex(ed25519PublicKey(shopKey)), message, signature)).toBe(true);
  });

  test("public value, seed and places", () => {
    const { root } = header.announcement;
    expect(hex(witnessMessage(raw(name), raw(root)))).toBe(independent.witnessMessage(name, root));
    const publicValue = publicValueBytes(header.publicValue);
    const seed = seedOf({ rules: raw(name), secret, root: raw(root), publicValue });
    expect(hex(seed)).toBe(independent.seed(name, hex(secret), root, hex(publicValue)));
    const order = new DrawnOrder(seed);
    for (const leaf of leaves.slice(0, drawn)) order.add(raw(leaf));
    expect([...order.places()]).toEqual(independent.places(hex(seed), leaves.slice(0, drawn)));
  });
});

describe("the tree of RFC 6962", () => {
  // The inputs and roots of the reference tests of Certificate Transparency (google/certificate-transparency,
  // cpp/merkletree/merkle_tree_test.cc), whose leaves are the hashes of 0x00 and the input.
  const inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
  const roots = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
  ];

  test("has the roots of the reference tests, after each leaf", () => {
    const tree = new MerkleRoot();
    expect(hex(tree.root())).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (const [index, input] of inputs.entries()) {
      tree.add(raw(independent.sha256(raw("00"), raw(input))));
      expect(hex(tree.root())).toBe(roots[index] as string);
    }
  });

  test("is the same leaf by leaf as top down", () => {
    const leaves = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 70 });
    fc.assert(
      fc.property(leaves, (leaves) => {
        const tree = new MerkleRoot();
        for (const leaf of leaves) tree.add(leaf);
        expect(hex(tree.root())).toBe(independent.root(leaves.map(hex)));
      }),
    );
  });
});

describe("the order", () => {
  test("is that of the sorted scores for any number of entries", () => {
    const leaves = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 200 });
    fc.assert(
      fc.property(leaves, fc.uint8Array({ minLength: 32, maxLength: 32 }), (leaves, seed) => {
        const distinct = [...new Set(leaves.map(hex))];
        const order = new DrawnOrder(seed);
        for (const leaf of distinct) order.add(raw(leaf));
        expect([...order.places()]).toEqual(independent.places(hex(seed), distinct));
      }),
    );
  });

  test("looks at all bytes of scores that begin alike", () => {
    // Not chance: all scores fall into one bucket, and only the last bytes differ.
    const order = new DrawnOrder(new Uint8Array(32), (bytes) => new Uint8Array(32).with(31, bytes.at(-1) as number));
    for (const last of [7, 3, 200, 0]) order.add(new Uint8Array(32).with(31, last));
    expect([...order.places()]).toEqual([3, 2, 4, 1]);
  });
});

describe("canonical JSON", () => {
  test("sorts names by UTF-16 units and escapes as RFC 8785, section 3.2.3", () => {
    const value = {
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis",
    };
    const names = Object.keys(JSON.parse(canonicalJson(value)) as object);
    expect(canonicalJson(value).indexOf('"\\r"')).toBe(1);
    expect(names.map((name) => name.codePointAt(0)).toSorted((left, right) => left! - right!)).toHaveLength(7);
    expect(canonicalJson(value)).toBe(
      '{"\\r":"Carriage Return","1":"One","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis",' +
        '"\u20ac":"Euro Sign","\ud83d\ude00":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
    );
  });

  test("writes numbers and literals as the RFC's example", () => {
    expect(
      canonicalJson({ numbers: [333333333.3333333, 1e30, 4.5, 0.002, 1e-27], literals: [null, true, false] }),
    ).toBe('{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27]}');
  });

  test("refuses what JSON cannot carry", () => {
    for (const value of ["\ud800", { "\udc00": 1 }, Number.NaN, Number.POSITIVE_INFINITY, undefined, [() => 1]]) {
      expect(() => canonicalJson(value)).toThrow(MalformedDraw);
    }
  });
});
