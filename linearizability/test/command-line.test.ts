import { expect, test } from "bun:test";
import { existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findProgram, startProcess, temporaryFolder } from "../../tools/test-services/index.ts";
import { type Operation, parseJsonLines } from "../index.ts";
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

test("a text begins where it begins, and has one encoding", () => {
  const fine = stale.replace('"output":1', '"output":2');
  expect(run("check", file("mark.jsonl", `\uFEFF${fine}`))).toMatchObject({ code: 0 });
  expect(run("check", file("crlf.jsonl", fine.replaceAll("\n", "\r\n")))).toMatchObject({ code: 0 });
  const latin = join(folder, "latin.jsonl");
  writeFileSync(
    latin,
    Buffer.from('{"process":1,"kind":"read","output":"\u00e9","calledAt":0,"returnedAt":1}', "latin1"),
  );
  expect(run("check", latin)).toMatchObject({ code: 2, error: expect.stringContaining("latin.jsonl: ") });
});

test.each([
  ["empty.jsonl", "\n\n", "json-lines"],
  ["empty.edn", "; nothing\n", "jepsen-edn"],
  ["nemesis.edn", "{:process :nemesis :type :info :f :start}", "jepsen-edn"],
])("%s has nothing to check, which is not ok", (name, content, format) => {
  const path = file(name, content);
  expect(run("check", path)).toEqual({ code: 2, out: "", error: `${path}: it has no operation (${format})\n` });
});

test("a picture does not replace the history, under no name", () => {
  const path = file("kept.jsonl", stale);
  const link = join(folder, "link.svg");
  symlinkSync(path, link);
  for (const svg of [path, link]) {
    expect(run("check", path, "--svg", svg)).toMatchObject({
      code: 2,
      error: expect.stringContaining("the history itself"),
    });
  }
  expect(readFileSync(path, "utf8")).toBe(stale);
});

test("--json writes the operations of a counter-example as JSON lines have them", () => {
  const lost = `${stale.replace('"output":1', '"output":3')}{"process":5,"key":"x","kind":"write","input":3,"calledAt":1,"outcome":"unknown"}
{"process":6,"key":"x","kind":"read","output":2,"calledAt":6,"returnedAt":7}
{"process":6,"key":"x","kind":"read","output":3,"calledAt":8,"returnedAt":9}`;
  const { code, out } = run("check", file("read-back.jsonl", lost), "--json");
  expect(code).toBe(1);
  const { core, context } = (JSON.parse(out) as { counterExample: Record<"core" | "context", object[]> })
    .counterExample;
  const operations = parseJsonLines([...core, ...context].map((operation) => JSON.stringify(operation)).join("\n"));
  expect(operations).toContainEqual(parseJsonLines(lost)[4] as Operation);
});

test("hundreds of keys without a decision are not all named, and a long key is cut", () => {
  const hard = Array.from({ length: 12 }, (_, key) =>
    ["write", "write", "write", "read"].map((kind, process) => {
      const value = kind === "read" ? '"output":"none"' : `"input":${process % 2}`;
      return `{"process":${process},"key":"${"k".repeat(key === 0 ? 500 : key)}","kind":"${kind}",${value},"calledAt":${process},"returnedAt":${10 + process}}`;
    }),
  );
  const { code, out } = run("check", file("many.jsonl", hard.flat().join("\n")), "--configurations", "1");
  expect(code).toBe(3);
  expect(out).toStartWith(
    `unknown: no decision with maxConfigurations = 1; keys without a decision: "${"k".repeat(99)}...`,
  );
  expect(out).toEndWith(', "kkkkkkkkk" and 2 more\n');
});

test("--seconds is in seconds", () => {
  const hard = Array.from({ length: 24 }, (_, index) =>
    JSON.stringify({ process: index, kind: "incr", input: 3 ** index, calledAt: index, returnedAt: 100 + index }),
  );
  const path = file(
    "slow.jsonl",
    [...hard, '{"process":99,"kind":"get","output":2,"calledAt":50,"returnedAt":60}'].join("\n"),
  );
  const { code, out } = run("check", path, "--model", "counter", "--seconds", "0.05");
  expect([code, out]).toEqual([3, 'unknown: no decision within timeLimitMs = 50; keys without a decision: ""\n']);
});

const main = fileURLToPath(new URL("../main.ts", import.meta.url));
const ended = ({ exit }: { exit: unknown }): boolean => exit !== undefined;

test.skipIf(!existsSync("/dev/full"))(
  "a verdict that cannot be written ends with 4 (skipped without /dev/full)",
  async () => {
    const path = file("full.jsonl", stale);
    const command = `"${process.execPath}" "${main}" check "${path}"`;
    for (const [shell, code] of [
      [`${command} > /dev/full`, 4],
      // The reader has gone before the program writes.
      [`{ sleep 0.3; ${command}; echo $? > "${path}.code"; } | true; exit $(cat "${path}.code")`, 4],
      [`${command} > /dev/null`, 1],
    ] as const) {
      const started = await startProcess({ cmd: ["sh", "-c", shell], readyWhen: ended });
      expect([shell, await started.exited]).toEqual([shell, { code, signal: null }]);
    }
  },
);

test("a mistake of the program ends with 4, and not as a violation does", async () => {
  const preload = file("preload.ts", 'String.prototype.split = () => { throw new RangeError("broken on purpose"); };');
  const cmd = [process.execPath, "--preload", preload, main, "check", file("mistake.jsonl", stale)] as const;
  const started = await startProcess({ cmd, readyWhen: ended });
  expect(await started.exited).toEqual({ code: 4, signal: null });
  expect(started.stderr()).toContain("broken on purpose");
});

const node = findProgram("node");
test.skipIf(node === undefined)("Node gives the same verdict and exit code as Bun", async () => {
  const built = await Bun.build({ entrypoints: [main], target: "node", outdir: folder });
  expect(built.success).toBe(true);
  const path = file("node.jsonl", stale);
  const started = await startProcess({
    cmd: [node as string, join(folder, "main.js"), "check", path],
    readyWhen: ended,
  });
  expect(started.stdout()).toBe(run("check", path).out);
  expect(await started.exited).toMatchObject({ code: 1 });
});
