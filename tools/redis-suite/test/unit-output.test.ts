import { describe, expect, test } from "bun:test";
import { findingsOf } from "../findings.ts";
import { outsideOfTests, readSentinelOutput, readUnitOutput } from "../unit-output.ts";

const output = [
  "Cleanup: may take some time... OK",
  "Starting test server at port 20000",
  "[ready]: 77",
  "Testing unit/type/list",
  "[ok]: LPOS basic usage (3 ms)",
  "[\u001b[0;32;49mok\u001b[0m]: BLPOP with (1 ms) in its name (12 ms)",
  "[err]: LPOS COUNT in tests/unit/type/list.tcl",
  "Expected '1' to be equal to '2' (context: type eval line 2)",
  "[ignore]: plain nodes: Tag: large-memory denied",
  "[ok]: LPOS COUNT (1 ms)",
  "[err]: ERR unknown command",
  "    while executing",
  "[1/1 done]: unit/type/list (2 seconds)",
  "",
  "                   The End",
  "",
  "!!! WARNING The following tests failed:",
  "*** [err]: LPOS COUNT in tests/unit/type/list.tcl",
].join("\n");

describe("the output of a unit of Redis's suite", () => {
  test("tells what passed, failed and was left out; a name that failed once has failed", () => {
    const { passed, failed, ignored, broken } = readUnitOutput(output);
    expect(passed).toEqual(["LPOS basic usage", "BLPOP with (1 ms) in its name"]);
    expect([...failed]).toEqual([
      ["LPOS COUNT", "Expected '1' to be equal to '2' (context: type eval line 2)"],
      [outsideOfTests, "ERR unknown command\n    while executing"],
    ]);
    expect([ignored, broken]).toEqual([1, undefined]);
  });

  test("tells of a unit that was not done, and why", () => {
    expect(readUnitOutput("[ok]: one (1 ms)\n").broken).toBe("the suite ended before the unit");
    expect(readUnitOutput("[ok]: one (1 ms)\n[exception]: Executing test client: lost\n").broken).toBe(
      "exception: Executing test client: lost",
    );
    expect(readUnitOutput("[TIMEOUT]: clients state report follows.\n").broken).toStartWith("TIMEOUT");
  });
});

test("the output of Redis's tests of Sentinel tells what passed and failed, and whether it is whole", () => {
  const lines = [
    "Starting redis #4 at port 30004",
    "\u001b[0;33;49mTesting unit: 07-down-conditions.tcl\u001b[0m",
    "03:46:04> (init) Restart killed instances: sentinel/0 \u001b[0;32;49mOK\u001b[0m",
    "03:46:28> SDOWN is triggered by an error: FAILED: Master is not flagged SDOWN",
    "(Jumping to next unit after error)",
    "03:46:29> Another: \u001b[0;32;49mOK\u001b[0m",
    "Testing unit: 08-next.tcl",
    "03:46:30> The last: OK",
  ];
  const { passed, failed, broken } = readSentinelOutput(
    [...lines, "Cleaning up...", "WARNING 1 test(s) failed."].join("\n"),
  );
  expect(passed).toEqual(["(init) Restart killed instances", "Another", "The last"]);
  expect([...failed]).toEqual([
    ["SDOWN is triggered by an error", "FAILED: Master is not flagged SDOWN\n(Jumping to next unit after error)"],
  ]);
  expect(broken).toBeUndefined();
  expect(readSentinelOutput(lines.join("\n")).broken).toBe("the suite ended before the unit");
});

describe("the list of expected failures", () => {
  const outcome = readUnitOutput(output);
  const reasons = { "LPOS COUNT": "a reason", [outsideOfTests]: "a reason" };

  test("is content with what it names, and with nothing else", () => {
    expect(findingsOf("unit/type/list", outcome, reasons)).toEqual([]);
    expect(findingsOf("unit/type/list", outcome, { "LPOS COUNT": "a reason" })).toEqual([
      `unit/type/list: "${outsideOfTests}" fails\n    ERR unknown command\n        while executing`,
    ]);
  });

  test("names what passes, what did not run, and a unit that did not end", () => {
    const named = { ...reasons, "LPOS basic usage": "a reason", gone: "a reason" };
    expect(findingsOf("unit/type/list", { ...outcome, broken: "no more" }, named)).toEqual([
      "unit/type/list did not run to its end: no more",
      'unit/type/list: "LPOS basic usage" is listed as failing, and passes',
      'unit/type/list: "gone" is listed as failing, and did not run',
    ]);
  });
});
