import { readdirSync } from "node:fs";
import { join } from "node:path";
import { runCommandLine } from "../src/command-line.ts";

/**
 * Checks all histories of registers (.edn, .log) in a folder that you have, such as those that other checkers ship, and
 * prints the verdicts: `bun linearizability/test/public-histories.ts FOLDER`. A file in a folder "good" or "bad" must have
 * the verdict that the name says; the exit code is 1 if one has not.
 */
const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("which folder? bun linearizability/test/public-histories.ts FOLDER");
const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /\.(edn|log)$/.test(name));
const count = { same: 0, different: 0, withoutExpectation: 0 };
for (const name of files.sort()) {
  let text = "";
  const write = (part: string): void => void (text += part);
  const code = runCommandLine(["check", join(folder, name)], { out: write, error: write });
  const expected = /(^|\/)good\//.test(name) ? 0 : /(^|\/)bad\//.test(name) ? 1 : undefined;
  if (expected === undefined) count.withoutExpectation++;
  else count[code === expected ? "same" : "different"]++;
  console.log(`${name}: ${text.split("\n", 1)[0]}${code === (expected ?? code) ? "" : " -- NOT AS EXPECTED"}`);
}
console.log(`${count.same} as expected, ${count.different} not, ${count.withoutExpectation} without an expectation`);
process.exitCode = count.different === 0 ? 0 : 1;
