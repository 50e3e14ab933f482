import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findProgram, startProcess, temporaryFolder } from "../../tools/test-services/index.ts";
import { runCommandLine } from "../src/command-line.ts";

const folder = temporaryFolder("linearizability");
const stale = `{"process":1,"key":"x","kind":"write","input":1,"calledAt":0,"returnedAt":1}
{"process":2,"key":"x","kind":"write","input":2,"calledAt":2,"returnedAt":3}
{"process":3,"key":"x","kind":"read","output":1,"calledAt":4,"returnedAt":5}
{"process":4,"key":"y","kind":"write","input":"<&>","calledAt":4,"outcome":"unknown"}
`;

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function run(...args: string[]): { code: number; out: string; error: string } {
  let [out, error] = ["", ""];
  const code = runCommandLine(args, { out: (text) => (out += text), error: (text) => (error += text) });
  return { code, out, error };
}

test("a violation ends with 1, is explained as text, and drawn", () => {
  const svg = join(folder, "out.svg");
  const { code, out } = run("check", file("stale.jsonl", stale), "--svg", svg);
  expect(code).toBe(1);
  expect(out).toBe(`violation: 4 operations are not linearizable

Key "x": not linearizable as a register

  process  time                   operation
        1  |---|                  write 1
        2          |---|          write 2
        3                  |---|  read -> 1

These 3 operations cannot be put in any order that explains what the clients were told.
`);
  const drawn = readFileSync(svg, "utf8");
  expect(drawn).toStartWith("<svg ");
  expect(drawn.match(/<rect /g)).toHaveLength(3);
  expect(drawn).toContain("Key &quot;x&quot;".replaceAll("&quot;", '"'));
});

test("operations that may have taken effect are marked, and their names are escaped in the picture", () => {
  const lost =
    stale.replaceAll('"key":"x",', "").replaceAll('"key":"y",', "") +
    '{"process":5,"kind":"read","output":"<&>","calledAt":6,"returnedAt":7}\n{"process":5,"kind":"read","output":2,"calledAt":8,"returnedAt":9}';
  const svg = join(folder, "lost.svg");
  const { code, out } = run("check", file("lost.jsonl", lost.replace('"output":1', '"output":2')), "--svg", svg);
  expect(code).toBe(1);
  expect(out).toContain("~       4");
  expect(out).toContain("|~~");
  expect(out).toContain('write "<&>" -> ?');
  expect(out).toContain("This holds whether the operations marked with ~ took effect or not.");
  expect(readFileSync(svg, "utf8")).toContain('write "&lt;&amp;&gt;" -&gt; ?');
});

test("a linearizable history ends with 0, and one without a decision with 3", () => {
  const fine = stale.replace('"output":1', '"output":2');
  expect(run("check", file("fine.jsonl", fine))).toEqual({
    code: 0,
    out: "ok: 4 operations are linearizable (register)\n",
    error: "",
  });
  const hard = Array.from(
    { length: 24 },
    (_, index) =>
      `{"process":${index},"kind":"incr","input":${3 ** index},"calledAt":${index},"returnedAt":${100 + index}}`,
  );
  const read = '{"process":99,"kind":"get","output":2,"calledAt":50,"returnedAt":60}';
  const path = file("hard.jsonl", [...hard, read].join("\n"));
  const { code, out } = run("check", path, "--model", "counter", "--configurations", "1000");
  expect([code, out]).toEqual([3, 'unknown: no decision with maxConfigurations = 1000; keys without a decision: ""\n']);
});

test("--json prints the verdict for programs", () => {
  const { code, out } = run("check", file("json.jsonl", stale), "--json");
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({
    verdict: "violation",
    partition: "x",
    operations: 4,
    model: "register",
    counterExample: { isMinimal: true },
  });
});

test("wrong use and files that cannot be read end with 2, and say what would be right", () => {
  const good = file("good.jsonl", stale);
  const bad = file("bad.jsonl", `${stale}{"process":1}\n`);
  const odd = file("odd.jsonl", '{"process":1,"kind":"pop","calledAt":0,"returnedAt":1}');
  for (const [args, message] of [
    [[], 'expected "check FILE", got ""; --help explains it'],
    [["check"], 'expected "check FILE"'],
    [["check", good, "more"], 'expected "check FILE"'],
    [["check", good, "--modle", "x"], "--modle"],
    [["check", good, "--model", "stack"], '--model is "stack"; it must be one of register, counter, list'],
    [["check", good, "--format", "xml"], '--format is "xml"; it must be one of json-lines, jepsen-edn, jepsen-log'],
    [["check", good, "--seconds", "soon"], '--seconds is "soon"; it must be a number above 0'],
    [["check", join(folder, "none.jsonl")], "none.jsonl: ENOENT"],
    [["check", bad], `${bad}: line 5: kind is undefined; it must be a string`],
    [["check", odd], `${odd}: pop of process 1, called at 0: the register has no "pop"`],
    [["check", good, "--svg", join(folder, "no", "out.svg")], "no/out.svg: ENOENT"],
  ] as const) {
    const { code, error } = run(...args);
    expect([code, error]).toEqual([2, expect.stringContaining(message)]);
  }
  expect(run("--help")).toMatchObject({ code: 0, out: expect.stringContaining("check FILE") });
});

const node = findProgram("node");
test.skipIf(node === undefined)("Node gives the same verdict and exit code as Bun", async () => {
  const main = fileURLToPath(new URL("../main.ts", import.meta.url));
  const built = await Bun.build({ entrypoints: [main], target: "node", outdir: folder });
  expect(built.success).toBe(true);
  const path = file("node.jsonl", stale);
  const started = await startProcess({
    cmd: [node as string, join(folder, "main.js"), "check", path],
    readyWhen: ({ exit }) => exit !== undefined,
  });
  expect(started.stdout()).toBe(run("check", path).out);
  expect(await started.exited).toMatchObject({ code: 1 });
});
