import { spawnSync } from "node:child_process";
import { delimiter, join } from "node:path";
import { repositoryFolder } from "./source-files.ts";

/** All that `npm run check` asks of the tree. Every check runs, also after one that failed. */
const checks: Readonly<Record<string, readonly string[]>> = {
  types: ["tsc", "--noEmit", "-p", "."],
  "node types": ["tsc", "--noEmit", "-p", "tools/build-packages"],
  "page types": ["tsc", "--noEmit", "-p", "seckill_mysense/web"],
  "draw page types": ["tsc", "--noEmit", "-p", "fair_draw/web"],
  lint: ["oxlint", "-f", "unix"],
  format: ["oxfmt", "--check"],
  arrows: ["bun", "tools/check-arrows.ts"],
  circles: ["bun", "tools/check-circles.ts"],
  clocks: ["bun", "tools/check-clocks.ts"],
  unused: ["knip"],
  tree: ["bun", "tools/check-tree.ts"],
};
const timeoutMs = 300_000;
const programs = join(repositoryFolder, "node_modules", ".bin");
const env = { ...process.env, PATH: `${programs}${delimiter}${process.env["PATH"]}` };

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !Object.hasOwn(checks, name));
if (unknown !== undefined) {
  console.error(`there is no check ${JSON.stringify(unknown)}; there are ${Object.keys(checks).join(", ")}`);
  process.exit(2);
}

const failed = Object.entries(checks).filter(([name, command]) => {
  if (asked.length > 0 && !asked.includes(name)) return false;
  const startedMs = performance.now();
  const [program, ...args] = command as [string, ...string[]];
  const run = spawnSync(program, args, { cwd: repositoryFolder, env, encoding: "utf8", timeout: timeoutMs });
  const passed = run.status === 0;
  if (!passed) console.log(`${run.stdout ?? ""}${run.stderr ?? ""}${run.error?.message ?? ""}`);
  console.log(`${passed ? "ok    " : "FAILED"} ${name} (${((performance.now() - startedMs) / 1000).toFixed(1)} s)`);
  return !passed;
});
process.exit(failed.length > 0 ? 1 : 0);
