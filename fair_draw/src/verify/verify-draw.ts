import { hex } from "../bytes.ts";
import { readDisclosure, type ReadLimits } from "../disclosure/read-disclosure.ts";
import { sha256 as defaultSha256, type Sha256 } from "../sha256.ts";
import { disclosedChecks } from "./disclosed-checks.ts";
import { type KeptDocuments, keptChecks, receiptCheck } from "./kept-checks.ts";
import type { Report } from "./report.ts";
import { Walk } from "./walk.ts";

export interface VerifyOptions {
  /** What visitors got before: compared with what the file says. */
  readonly kept?: KeptDocuments;
  readonly limits?: ReadLimits;
  readonly sha256?: Sha256;
}

/**
 * Computes a disclosed draw again, and compares. Keeps 48 bytes of each entry, and needs no network and no trust. Throws MalformedDraw,
 * which names the line, for a file that is not a whole disclosure: then nothing is known about the draw.
 */
export async function verifyDraw(
  chunks: AsyncIterable<Uint8Array>,
  { kept = {}, limits = {}, sha256 = defaultSha256 }: VerifyOptions = {},
): Promise<Report> {
  const { receipts = [], heads = [] } = kept;
  const wanted = {
    entries: new Set(receipts.map(({ number }) => number)),
    heads: new Set(heads.map(({ number }) => number)),
  };
  let walk: Walk | undefined;
  const visitor = {
    header: (header: Walk["disclosed"]) => void (walk = new Walk(header, wanted, sha256)),
    entry: (entry: Parameters<Walk["entry"]>[0]) => walk?.entry(entry),
  };
  await readDisclosure(chunks, visitor, { limits, sha256 });
  return reportOf(walk as unknown as Walk, kept, sha256);
}

function reportOf(walk: Walk, kept: KeptDocuments, sha256: Sha256): Report {
  const { receipts = [] } = kept;
  // The order costs as much as the rest, and is of use only to those who ask for their place.
  const places = receipts.length > 0 ? walk.places() : new Uint32Array(0);
  const results = receipts.map((receipt) => receiptCheck(walk, receipt, (number) => places[number - 1] as number));
  const checks = [...disclosedChecks(walk, sha256), ...keptChecks(walk, kept), ...results.map(({ check }) => check)];
  const { rules } = walk.disclosed;
  return {
    verdict: checks.some(({ outcome }) => outcome === "failed") ? "failed" : "ok",
    room: rules.room,
    mode: rules.mode,
    rules: hex(walk.rulesHash),
    entries: walk.count,
    drawn: Math.min(walk.drawnCount, walk.count),
    checks,
    receipts: results.map(({ result }) => result),
    notProved: notProved(kept),
  };
}

function notProved({ receipts = [], announcement, heads = [] }: KeptDocuments): string[] {
  const nothingKept = receipts.length === 0 && announcement === undefined && heads.length === 0;
  return [
    ...(nothingKept
      ? [
          "that this is the draw that was held: give a receipt, an announcement or a head that was kept, or the shop could have made everything anew",
        ]
      : []),
    "that the shop took in everybody who tried, and entered nobody of its own",
    "that each entry is another person, and that no two visitors got the same entry",
    "that people were admitted in this order: compare the place with the one that was shown",
  ];
}
