export { canonicalJson } from "./src/canonical-json.ts";
export {
  defaultReadLimits,
  type DisclosureVisitor,
  readDisclosure,
  type ReadLimits,
} from "./src/disclosure/read-disclosure.ts";
export type { DisclosureHeader, DrawHeader, QueueHeader } from "./src/disclosure/header.ts";
export { writeDisclosure } from "./src/disclosure/write-disclosure.ts";
export { ed25519PublicKey, ed25519Signer, type Sign } from "./src/ed25519.ts";
export { type Entry, leafOf, pseudonymBytes } from "./src/entry.ts";
export { nextHead } from "./src/line.ts";
export { MalformedDraw } from "./src/malformed.ts";
export { MerkleRoot } from "./src/merkle-root.ts";
export { DrawnOrder } from "./src/order.ts";
export { blsPublicKey } from "./src/public-value/bls.ts";
export {
  type DrandChain,
  drandRoundAfter,
  drandRoundTime,
  type DrandScheme,
  type DrandSource,
  type DrandValue,
  quicknet,
} from "./src/public-value/drand.ts";
export {
  type NoSource,
  parsePublicValue,
  type PublicValue,
  publicValueBytes,
  publicValueProblem,
  type PublicValueQuestion,
  type PublicValueSource,
} from "./src/public-value/public-value.ts";
export {
  signAsWitness,
  type WitnessesSource,
  type WitnessesValue,
  type Witness,
  witnessMessage,
} from "./src/public-value/witnesses.ts";
export {
  canonicalRules,
  commitmentOf,
  type DrawRules,
  hashRules,
  parseRules,
  type QueueRules,
  type Rules,
  secretBytes,
} from "./src/rules.ts";
export { type SeedParts, seedOf } from "./src/seed.ts";
export { sha256, type Sha256 } from "./src/sha256.ts";
export {
  type Announcement,
  announcementProblem,
  type DrawnEntries,
  parseAnnouncement,
  signAnnouncement,
} from "./src/statements/announcement.ts";
export { parseReceipt, type Receipt, receiptProblem, signReceipt } from "./src/statements/receipt.ts";
export { parseSignedHead, type SignedHead, signedHeadProblem, signHead } from "./src/statements/signed-head.ts";
export type { Statement } from "./src/statements/statement.ts";
export { formatReport } from "./src/verify/format-report.ts";
export type { KeptDocuments } from "./src/verify/kept-checks.ts";
export type { Check, Outcome, ReceiptResult, Report } from "./src/verify/report.ts";
export { verifyDraw, type VerifyOptions } from "./src/verify/verify-draw.ts";
