import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { entriesOf, holdDraw, textOf } from "../../../fair_draw/test/room.ts";
import { startProcess, temporaryFolder } from "../../../tools/test-services/index.ts";
import { type Ended, runProgram } from "./program.ts";

const timeoutMs = 60_000;
const folder = temporaryFolder("verify-draw");
const standalone = join(import.meta.dir, "../../../fair_draw/main.ts");
const held = holdDraw(entriesOf(9, 3), 9);

function file(name: string, content: string | object): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

/** The program that is made for this alone. */
async function runStandalone(...args: string[]): Promise<Ended> {
  const ended = await startProcess({ cmd: [process.execPath, standalone, ...args] });
  const { code } = await ended.exited;
  return { code, stdout: ended.stdout(), stderr: ended.stderr() };
}

const draw = file("draw.jsonl", await textOf(held));
const receipt = file("receipt.json", held.receipts[4]!);
const foreign = file("foreign.json", holdDraw(entriesOf(8, 4), 8).receipts[8]!);

test.each([
  ["a draw that holds", 0, [draw, "--receipt", receipt]],
  ["a draw that holds, as JSON", 0, [draw, "--json"]],
  ["a check that fails", 1, [draw, "--receipt", foreign]],
  ["a file that is no draw", 2, [receipt]],
  ["no file", 2, []],
  ["an option that only the sale has", 2, [draw, "--config", "config.json"]],
] as const)(
  "verify-draw says what fair-draw's own program says, and ends with the same code: %s",
  async (_, code, args) => {
    const [ended, own] = await Promise.all([runProgram(["verify-draw", ...args]), runStandalone(...args)]);
    expect(own.code).toBe(code);
    expect(ended).toEqual(own);
  },
  timeoutMs,
);

test("verify-draw needs no settings: wrong ones do not keep it from its work", async () => {
  const wrong = { SECKILL_API_SECRET: "short" };
  expect((await runProgram(["verify-draw", draw], wrong)).code).toBe(0);
  expect((await runProgram(["verify"], wrong)).code).toBe(2);
});

test("its help names the words that start it, and the help of the sale names it", async () => {
  const help = (await runProgram(["verify-draw", "--help"])).stdout;
  expect(help).toContain("seckill verify-draw draw.jsonl --receipt my-receipt.json");
  expect((await runProgram(["--help"])).stdout).toContain("verify-draw");
});
