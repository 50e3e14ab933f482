import { createHash } from "node:crypto";
import {
  commitmentOf,
  type DrawRules,
  ed25519PublicKey,
  ed25519Signer,
  type Entry,
  hashRules,
  leafOf,
  MerkleRoot,
  nextHead,
  quicknet,
  type Receipt,
  signAnnouncement,
  signHead,
  signReceipt,
  writeDisclosure,
} from "../../fair_draw/index.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();
const bytesFrom = (word: string): Uint8Array => sha256(Buffer.from(word));

/** A round of quicknet that is public: mcdcam/python-drand-verify, README.md. */
const round = 657413;
const signature = "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b";
const opensAt = 1000 * (quicknet.genesisTimeSeconds + 3 * (round - 1)) - 3_600_000;

const entryAt = (number: number): Entry => ({
  number,
  pseudonym: bytesFrom(`visitor ${number}`).subarray(0, 16),
  time: opensAt + number,
});

/** A disclosure in which all entries are drawn, in chunks, and the receipt of the last one. */
export function largeDraw(count: number): { readonly chunks: AsyncIterable<string>; readonly receipt: Receipt } {
  const [key, secret] = [bytesFrom("key"), bytesFrom("secret")];
  const sign = ed25519Signer(key);
  const rules: DrawRules = {
    format: "fair-draw/rules/1",
    mode: "draw",
    room: "A large draw",
    opensAt,
    closesAt: opensAt + 3_599_000,
    receiptKey: hex(ed25519PublicKey(key)),
    commitment: hex(commitmentOf(secret)),
    publicValue: { kind: "drand", ...quicknet, round },
  };
  const name = hashRules(rules);
  const tree = new MerkleRoot(sha256);
  let head = name;
  for (let number = 1; number <= count; number++) {
    const leaf = leafOf(name, entryAt(number), sha256);
    tree.add(leaf);
    head = nextHead(head, leaf, sha256);
  }
  const header = {
    rules,
    secret: hex(secret),
    announcement: signAnnouncement(sign, name, { count, root: tree.root(), head }),
    publicValue: { kind: "drand", signature },
    lastHead: signHead(sign, name, { number: count, head }),
  } as const;
  function* entries() {
    for (let number = 1; number <= count; number++) yield entryAt(number);
  }
  return { chunks: writeDisclosure(header, entries()), receipt: signReceipt(sign, name, entryAt(count)) };
}
