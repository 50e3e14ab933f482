import { expect, test } from "bun:test";
import { helpOf } from "../../src/command-line/help.ts";
import { paintFor } from "../../src/command-line/paint.ts";
import { runProgram } from "../roles/program.ts";

const terminal = { isTTY: true };

test("colours are for terminals alone, and not for those who said no", () => {
  expect(paintFor(terminal, {})("bad", "x")).toBe("\x1b[31mx\x1b[39m");
  expect(paintFor(terminal, { NO_COLOR: "" })("good", "x")).toContain("\x1b[32m");
  for (const [stream, environment] of [
    [{}, {}],
    [terminal, { NO_COLOR: "1" }],
    [terminal, { TERM: "dumb" }],
  ] as const) {
    expect(paintFor(stream, environment)("bad", "x")).toBe("x");
  }
});

test("help has the same words with colours and without", () => {
  const painted = helpOf("", paintFor(terminal, {}));
  expect(painted).not.toBe(helpOf(""));
  // oxlint-disable-next-line no-control-regex -- it is what colours are made of
  expect(painted.replaceAll(/\x1b\[\d+m/g, "")).toBe(helpOf(""));
});

test("the program says its version, also as JSON", async () => {
  const { code, stdout } = await runProgram(["--version"]);
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^seckill \d+\.\d+\.\d+ \(Bun \d+\.\d+\.\d+\)\n$/)]);
  expect(JSON.parse((await runProgram(["--version", "--json"])).stdout)).toEqual({ version: stdout.trimEnd() });
});
