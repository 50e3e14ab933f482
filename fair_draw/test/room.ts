import {
  blsPublicKey,
  commitmentOf,
  type DisclosureHeader,
  type DrawHeader,
  type DrawRules,
  ed25519PublicKey,
  ed25519Signer,
  type Entry,
  hashRules,
  leafOf,
  MerkleRoot,
  nextHead,
  type PublicValue,
  type Receipt,
  signAnnouncement,
  type SignedHead,
  signAsWitness,
  signHead,
  signReceipt,
  type WitnessesSource,
  witnessMessage,
  writeDisclosure,
  type Announcement,
} from "../index.ts";

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
export const raw = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

/** Bytes that are always the same for the same word: keys of tests. */
export const bytesFrom = (word: string, length = 32): Uint8Array =>
  new Uint8Array(new Bun.CryptoHasher("sha512").update(word).digest()).slice(0, length);

// The first byte is small, so that the number is below the order of the curve's group.
const blsSecret = (word: string): Uint8Array => bytesFrom(word).with(0, 1);

export const shopKey = bytesFrom("the shop's key");
export const secret = bytesFrom("the secret of the draw");
export const witnessKeys = [blsSecret("notary"), blsSecret("paper")];
export const opensAt = 1_800_000_000_000;
export const closesAt = opensAt + 600_000;

export const witnesses: WitnessesSource = {
  kind: "witnesses",
  witnesses: [
    { name: "A notary", key: hex(blsPublicKey(witnessKeys[0] as Uint8Array)) },
    { name: "A newspaper", key: hex(blsPublicKey(witnessKeys[1] as Uint8Array)) },
  ],
};

export const rulesWith = (changes: Partial<DrawRules> = {}): DrawRules => ({
  format: "fair-draw/rules/1",
  mode: "draw",
  room: "Sale of the year",
  opensAt,
  closesAt,
  receiptKey: hex(ed25519PublicKey(shopKey)),
  commitment: hex(commitmentOf(secret)),
  publicValue: { kind: "none" },
  ...changes,
});

/** Entries before the closing, and some after it. */
export const entriesOf = (drawn: number, late: number): Entry[] =>
  Array.from({ length: drawn + late }, (_, index) => ({
    number: index + 1,
    pseudonym: bytesFrom(`visitor ${index}`, 16),
    time: index < drawn ? opensAt + 1000 * index : closesAt + 1000 * (index - drawn),
  }));

export interface Held {
  readonly header: DrawHeader;
  readonly entries: readonly Entry[];
  readonly receipts: readonly Receipt[];
  /** After each entry, from none on. */
  readonly heads: readonly SignedHead[];
  readonly announcement: Announcement;
}

/** A shop that holds a draw as it should. */
export function holdDraw(entries: readonly Entry[], drawnCount: number, rules: DrawRules = rulesWith()): Held {
  const sign = ed25519Signer(shopKey);
  const name = hashRules(rules);
  const tree = new MerkleRoot();
  let head = name;
  let headAtClose = name;
  const heads = [signHead(sign, name, { number: 0, head })];
  for (const [index, entry] of entries.entries()) {
    const leaf = leafOf(name, entry);
    head = nextHead(head, leaf);
    heads.push(signHead(sign, name, { number: index + 1, head }));
    if (index >= drawnCount) continue;
    tree.add(leaf);
    headAtClose = head;
  }
  const root = tree.root();
  const announcement = signAnnouncement(sign, name, { count: drawnCount, root, head: headAtClose });
  return {
    header: {
      rules,
      secret: hex(secret),
      announcement,
      publicValue: publicValueFor(rules, name, root),
      lastHead: heads.at(-1) as SignedHead,
    },
    entries,
    receipts: entries.map((entry) => signReceipt(sign, name, entry)),
    heads,
    announcement,
  };
}

function publicValueFor({ publicValue: source }: DrawRules, name: Uint8Array, root: Uint8Array): PublicValue {
  if (source.kind === "none") return source;
  if (source.kind === "drand") throw new Error("a test cannot sign for drand");
  const message = witnessMessage(name, root);
  return { kind: "witnesses", signatures: witnessKeys.map((key) => signAsWitness(message, key)) };
}

export interface Disclosed {
  readonly header: DisclosureHeader;
  readonly entries: readonly Entry[];
}

export async function textOf({ header, entries }: Disclosed): Promise<string> {
  return (await Array.fromAsync(writeDisclosure(header, entries))).join("");
}

/** A text as a file gives it, in chunks of this many bytes. */
export async function* chunksOf(text: string | Uint8Array, length = 1000): AsyncGenerator<Uint8Array> {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  for (let start = 0; start < bytes.length; start += length) yield bytes.subarray(start, start + length);
}
