import { areEqual, fromHex, hex } from "../bytes.ts";
import { isDraw } from "../disclosure/header.ts";
import { type Announcement, announcementProblem } from "../statements/announcement.ts";
import { type Receipt, receiptProblem } from "../statements/receipt.ts";
import { type SignedHead, signedHeadProblem } from "../statements/signed-head.ts";
import { type Check, checkOf, type ReceiptResult } from "./report.ts";
import type { Walk } from "./walk.ts";

/** What visitors got before, and have kept. Only with such documents is it found that a shop has made everything anew. */
export interface KeptDocuments {
  readonly receipts?: readonly Receipt[];
  readonly announcement?: Announcement | undefined;
  readonly heads?: readonly SignedHead[];
}

export function keptChecks(walk: Walk, { announcement, heads = [] }: KeptDocuments): Check[] {
  const checks = heads.map((head) => keptHeadCheck(walk, head));
  return announcement === undefined ? checks : [keptAnnouncementCheck(walk, announcement), ...checks];
}

function keptAnnouncementCheck({ disclosed, rulesHash }: Walk, kept: Announcement): Check {
  const name = "kept announcement";
  if (!isDraw(disclosed)) return checkOf(name, "this room has no draw", "");
  const problem = announcementProblem(disclosed.rules, rulesHash, kept);
  if (problem !== undefined) return checkOf(name, proves(problem), "");
  const differing = (["count", "root", "head"] as const).find((field) => kept[field] !== disclosed.announcement[field]);
  const contradiction =
    differing &&
    `the shop has signed two announcements: with the ${differing} ${kept[differing]}, and now with ${disclosed.announcement[differing]}`;
  return checkOf(name, contradiction, "it is the one of the file");
}

function keptHeadCheck({ disclosed, rulesHash, keptHeads, count }: Walk, kept: SignedHead): Check {
  const name = `kept head of ${kept.number} entries`;
  const problem = signedHeadProblem(disclosed.rules, rulesHash, kept);
  if (problem !== undefined) return checkOf(name, proves(problem), "");
  const head = keptHeads.get(kept.number);
  if (head === undefined)
    return checkOf(name, `the shop had ${kept.number} entries then, and the file has ${count}`, "");
  const contradiction = areEqual(head, fromHex(kept.head))
    ? undefined
    : `the shop has signed ${kept.head} before, and the file makes ${hex(head)}`;
  return checkOf(name, contradiction, "the entries up to there are those of then, in the order of then");
}

/** A document that does not bind the shop says nothing about the draw, but was meant to. */
const proves = (problem: string): string => `it proves nothing about this draw: ${problem}`;

/**
 * @param placeOf the place of a drawn entry, by its number
 */
export function receiptCheck(
  walk: Walk,
  receipt: Receipt,
  placeOf: (number: number) => number,
): { readonly check: Check; readonly result: ReceiptResult } {
  const { number } = receipt;
  const name = `receipt of entry ${number}`;
  const problem = receiptContradiction(walk, receipt);
  if (problem !== undefined) return { check: checkOf(name, problem, ""), result: { number } };
  const isDrawn = number <= walk.drawnCount;
  // Who was not drawn stands behind all who were, and so at its number.
  const place = isDrawn ? placeOf(number) : number;
  const detail = isDrawn
    ? `place ${place} of ${walk.drawnCount} that were drawn`
    : `place ${place}, by the order of coming`;
  return { check: checkOf(name, undefined, detail), result: { number, place } };
}

function receiptContradiction(
  { disclosed, rulesHash, keptEntries, count }: Walk,
  receipt: Receipt,
): string | undefined {
  const problem = receiptProblem(disclosed.rules, rulesHash, receipt);
  if (problem !== undefined) return proves(problem);
  const entry = keptEntries.get(receipt.number);
  if (entry === undefined) return `the shop has signed this entry, and the file has only ${count}`;
  const [pseudonym, { number, time }] = [hex(entry.pseudonym), entry];
  if (number === receipt.number && pseudonym === receipt.pseudonym && time === receipt.time) return undefined;
  return `the shop has signed another entry: the file has pseudonym ${pseudonym} and time ${time} there`;
}
