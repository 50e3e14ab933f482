const { writeFileSync } = require("node:fs");
const { Readable } = require("node:stream");

/** Holds a draw of one entry with the package, however it was loaded; gives what its check says. */
exports.holdDraw = async ({
  commitmentOf,
  ed25519PublicKey,
  ed25519Signer,
  hashRules,
  leafOf,
  nextHead,
  parseRules,
  signAnnouncement,
  signHead,
  signReceipt,
  verifyDraw,
  writeDisclosure,
}) => {
  const sign = ed25519Signer(new Uint8Array(32).fill(1));
  const secret = new Uint8Array(32).fill(2);
  const hex = (bytes) => Buffer.from(bytes).toString("hex");
  const rules = parseRules({
    format: "fair-draw/rules/1",
    mode: "draw",
    room: "A room",
    opensAt: 0,
    closesAt: 1000,
    receiptKey: hex(ed25519PublicKey(new Uint8Array(32).fill(1))),
    commitment: hex(commitmentOf(secret)),
    publicValue: { kind: "none" },
  });
  const name = hashRules(rules);
  const entry = { number: 1, pseudonym: new Uint8Array(16), time: 5 };
  const [root, head] = [leafOf(name, entry), nextHead(name, leafOf(name, entry))];
  const header = {
    rules,
    secret: hex(secret),
    announcement: signAnnouncement(sign, name, { count: 1, root, head }),
    publicValue: { kind: "none" },
    lastHead: signHead(sign, name, { number: 1, head }),
  };
  const receipt = signReceipt(sign, name, entry);
  writeFileSync("receipt.json", JSON.stringify(receipt));
  const chunks = [];
  for await (const text of writeDisclosure(header, [entry])) chunks.push(Buffer.from(text));
  writeFileSync("draw.jsonl", Buffer.concat(chunks));
  const { verdict, receipts } = await verifyDraw(Readable.from(chunks), { kept: { receipts: [receipt] } });
  return `${verdict}, place ${receipts[0].place}`;
};
