import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startProcess, temporaryFolder } from "../../tools/test-services/index.ts";
import { runCommandLine } from "../src/command-line.ts";
import { entriesOf, holdDraw, textOf } from "./room.ts";

const folder = temporaryFolder("fair-draw");
const held = holdDraw(entriesOf(9, 3), 9);
const other = holdDraw(entriesOf(8, 4), 8);

function file(name: string, content: string | object): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

const draw = file("draw.jsonl", await textOf(held));
const receipt = file("receipt.json", held.receipts[4]!);
const lateReceipt = file("late.json", held.receipts[10]!);
const announcement = file("announcement.json", held.announcement);
const head = file("head.json", held.heads[7]!);

async function run(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  let [out, error] = ["", ""];
  const code = await runCommandLine(args, { out: (text) => (out += text), error: (text) => (error += text) });
  return { code, out, error };
}

test("a draw that holds ends with 0, and says the place of each receipt and what is not proved", async () => {
  const { code, out, error } = await run(
    ...[draw, "--receipt", receipt, "--receipt", lateReceipt, "--announcement", announcement, "--head", head],
  );
  expect({ code, error }).toEqual({ code: 0, error: "" });
  expect(out).toStartWith('Room "Sale of the year": 12 entries, 9 of them drawn\nRules ');
  expect(out).toMatch(/^ok {12}receipt of entry 5 {6}place [1-9] of 9 that were drawn$/m);
  expect(out).toMatch(/^ok {12}receipt of entry 11 {5}place 11, by the order of coming$/m);
  expect(out).toMatch(/^ok {12}kept announcement /m);
  expect(out).toMatch(/^ok {12}kept head of 7 entries /m);
  expect(out).toMatch(/^not provable {2}public value /m);
  expect(out).toContain("\nNot proved:\n- that the shop took in everybody who tried");
  expect(out).toEndWith("\nok: all that can be checked fits together\n");
});

test("a failed check ends with 1, and names it", async () => {
  const { code, out } = await run(file("other.jsonl", await textOf(other)), "--announcement", announcement);
  expect(code).toBe(1);
  expect(out).toMatch(
    /^FAILED {8}kept announcement {2}the shop has signed two announcements: with the count 9, and now/m,
  );
  expect(out).toMatch(/\nFAILED: 1 of \d+ checks; do not trust this draw\n$/);
});

test("--json gives the report to programs", async () => {
  const { code, out } = await run(draw, "--json", "--receipt", receipt);
  expect(code).toBe(0);
  const report = JSON.parse(out) as { verdict: string; receipts: { number: number; place: number }[] };
  expect(report).toMatchObject({ verdict: "ok", entries: 12, drawn: 9, receipts: [{ number: 5 }] });
  expect(report.receipts[0]!.place).toBeWithin(1, 10);
});

test("--help explains all options, with the name of the program", async () => {
  const { code, out } = await run("--help");
  expect(code).toBe(0);
  for (const option of ["--receipt", "--announcement", "--head", "--json"]) expect(out).toContain(option);
  let help = "";
  await runCommandLine(["--help"], { out: (text) => (help += text), error: () => {} }, "shop verify");
  expect(help).toContain("shop verify draw.jsonl --receipt my-receipt.json");
});

describe("ends with 2 and says why", () => {
  mkdirSync(join(folder, "folder"));
  const text = "0".repeat(70_000);
  const cases: Record<string, readonly [readonly string[], string]> = {
    "without a file": [[], 'expected one FILE, got ""; --help explains it'],
    "with two files": [[draw, draw], "expected one FILE"],
    "with an unknown option": [[draw, "--fast"], "'--fast'"],
    "with a file that is not there": [[join(folder, "none.jsonl")], "none.jsonl: ENOENT"],
    "with a folder": [[join(folder, "folder")], "EISDIR"],
    "with an empty file": [[file("empty.jsonl", "")], "empty.jsonl: line 1 is missing"],
    "with a changed file": [[file("bad.jsonl", "x\n")], 'bad.jsonl: line 1: "x" is not JSON'],
    "with a receipt that is not there": [[draw, "--receipt", join(folder, "no.json")], "no.json: ENOENT"],
    "with a receipt that is none": [[draw, "--receipt", announcement], "announcement.json: the receipt has no number"],
    "with an announcement that is none": [[draw, "--announcement", head], "head.json: the announcement has no count"],
    "with a head that is none": [[draw, "--head", receipt], "receipt.json: head has no head"],
    "with a large receipt": [
      [draw, "--receipt", file("large.json", text)],
      "it has 70000 bytes; at most 65536 are read",
    ],
  };

  test.each(Object.entries(cases))("%s", async (_, [args, message]) => {
    const { code, out, error } = await run(...args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(error).toContain(message);
  });
});

test("the program ends with the code of the verdict", async () => {
  const program = fileURLToPath(new URL("../main.ts", import.meta.url));
  const exitOf = async (...args: string[]) =>
    (await (await startProcess({ cmd: [process.execPath, program, ...args] })).exited).code;
  expect(await exitOf(draw, "--receipt", receipt)).toBe(0);
  expect(await exitOf(draw, "--receipt", file("foreign.json", other.receipts[8]!))).toBe(1);
  expect(await exitOf()).toBe(2);
});
