import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram, startProcess } from "../../../tools/test-services/index.ts";

const node = findProgram("node");
const packageFolder = join(import.meta.dir, "../..");
// A folder of the package, in which the program finds the Lua binary as the sources do; git ignores it.
const folder = join(packageFolder, "data");
const entry = join(folder, `scripting-test-${process.pid}.ts`);
const built = entry.replace(/ts$/, "mjs");

const program = `
import { ScriptBench } from "../test/scripting/script-bench.ts";
const bench = new ScriptBench({ limitMs: () => 1 });
const scripts = [
  "return redis.call('set', KEYS[1], ARGV[1])",
  "return {redis.call('get', KEYS[1]), cjson.encode(cjson.decode('[1,2.5]')), #cmsgpack.pack({1, 2})}",
  "redis.call = nil",
  "local ok, n = pcall(function() local n = 0 for i = 1, 20000000 do n = n + 1 end return n end) return n",
  "local s = 'x' while true do s = s .. s end",
  "local t = {} t[1] = t return cjson.encode(t)",
  "return 1",
];
const replies = scripts.map((script) =>
  bench.eval(script, { keys: ["k"], args: ["v"] }).replace(/[0-9a-f]{40}/, "SHA").slice(0, 40));
console.log(JSON.stringify({ replies, paused: bench.pauses > 0, bun: typeof Bun }));
`;

describe.skipIf(node === undefined)("in Node (skipped where there is no node on PATH)", () => {
  afterAll(() => {
    rmSync(entry, { force: true });
    rmSync(built, { force: true });
  });

  test("scripts run, are paused and are limited as in Bun", async () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(entry, program);
    const options = ["--target", "node", "--format", "esm", "--packages", "external", "--outfile", built];
    const build = await startProcess({ cmd: [process.execPath, "build", entry, ...options] });
    expect((await build.exited).code).toBe(0);
    const run = await startProcess({ cmd: [node as string, built] });
    expect((await run.exited).code).toBe(0);
    expect(JSON.parse(run.stdout())).toEqual({
      replies: [
        "+OK\r\n",
        "*3\r\n$1\r\nv\r\n$7\r\n[1,2.5]\r\n:3\r\n",
        "-ERR user_script:1: Attempt to modify a ",
        ":20000000\r\n",
        "-ERR Error running script SHA, not enoug",
        "-ERR user_script:1: Cannot serialise, ex",
        ":1\r\n",
      ],
      paused: true,
      bun: "undefined",
    });
  });
});
