import { createHash } from "node:crypto";
import { createReadStream, readFileSync, statSync } from "node:fs";
import { parseArgs } from "node:util";
import { MalformedDraw } from "./malformed.ts";
import type { Sha256 } from "./sha256.ts";
import { parseAnnouncement } from "./statements/announcement.ts";
import { parseReceipt } from "./statements/receipt.ts";
import { parseSignedHead } from "./statements/signed-head.ts";
import { formatReport } from "./verify/format-report.ts";
import { verifyDraw } from "./verify/verify-draw.ts";

const maxKeptBytes = 64 * 1024;

const usageOf = (name: string): string => `Checks a draw that was disclosed. It needs no network, and asks nobody.

  ${name} FILE [options]

  --receipt FILE       a receipt that was kept: says its place, and that the entry is in the draw unchanged. May be repeated
  --announcement FILE  an announcement that was kept: that it is still the same one
  --head FILE          a signed head that was kept: that the entries up to there are the same. May be repeated
  --json               prints the report as JSON

Examples:

  ${name} draw.jsonl
  ${name} draw.jsonl --receipt my-receipt.json --announcement announcement.json

Ends with 0: all that can be checked fits together; 1: a check failed; 2: wrong use, a file that cannot be read, or any other problem.
`;

const wrongUseCode = 2;

/** What the program writes to. */
export interface Output {
  out(text: string): void;
  error(text: string): void;
}

/** The command was given wrongly, or its files cannot be used. */
class WrongUse extends Error {}

/**
 * Runs the command line; gives the exit code.
 *
 * @param name the words that start the program, for its help
 */
export async function runCommandLine(args: readonly string[], output: Output, name = "verify-draw"): Promise<number> {
  if (args.includes("--help")) {
    output.out(usageOf(name));
    return 0;
  }
  try {
    return await verifyFile(args, output);
  } catch (error) {
    if (!(error instanceof WrongUse)) throw error;
    output.error(`${error.message}\n`);
    return wrongUseCode;
  }
}

async function verifyFile(args: readonly string[], output: Output): Promise<number> {
  const { file, json, ...files } = readArguments(args);
  const kept = {
    receipts: files.receipt.map((each) => readKept(each, parseReceipt)),
    announcement: files.announcement === undefined ? undefined : readKept(files.announcement, parseAnnouncement),
    heads: files.head.map((each) => readKept(each, (value) => parseSignedHead(value))),
  };
  const report = await orWrongUse(file, () => verifyDraw(createReadStream(file), { kept, sha256: nodeSha256 }));
  output.out(json ? `${JSON.stringify(report)}\n` : formatReport(report));
  return report.verdict === "ok" ? 0 : 1;
}

const nodeSha256: Sha256 = (bytes) => createHash("sha256").update(bytes).digest();

function readArguments(args: readonly string[]) {
  const options = {
    receipt: { type: "string", multiple: true, default: [] as string[] },
    announcement: { type: "string" },
    head: { type: "string", multiple: true, default: [] as string[] },
    json: { type: "boolean", default: false },
  } as const;
  const { values, positionals } = parsed(() => parseArgs({ args: [...args], options, allowPositionals: true }));
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) {
    throw new WrongUse(`expected one FILE, got ${JSON.stringify(positionals.join(" "))}; --help explains it`);
  }
  return { file, ...values };
}

function parsed<Result>(parse: () => Result): Result {
  try {
    return parse();
  } catch (error) {
    throw new WrongUse(`${(error as Error).message}; --help explains it`);
  }
}

function readKept<Document>(file: string, parse: (value: unknown) => Document): Document {
  try {
    const { size } = statSync(file);
    if (size > maxKeptBytes) throw new WrongUse(`it has ${size} bytes; at most ${maxKeptBytes} are read`);
    return parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new WrongUse(`${file}: ${(error as Error).message}`);
  }
}

/** A mistake of the program is not the file's. */
async function orWrongUse<Result>(file: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    const isOfFile = error instanceof MalformedDraw || (error instanceof Error && "syscall" in error);
    throw isOfFile ? new WrongUse(`${file}: ${error.message}`) : error;
  }
}
