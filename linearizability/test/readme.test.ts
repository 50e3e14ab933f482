import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startProcess, temporaryFolder } from "../../tools/test-services/index.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const index = fileURLToPath(new URL("../index.ts", import.meta.url));
const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) =>
  (code as string).replace('"linearizability"', JSON.stringify(index)),
);

async function output(code: string): Promise<string> {
  const path = join(temporaryFolder("linearizability-readme"), "example.ts");
  writeFileSync(path, code);
  const started = await startProcess({
    cmd: [process.execPath, path],
    readyWhen: ({ exit }) => exit !== undefined,
  });
  return started.stdout();
}

test("the README's first example finds the stale read that it records", async () => {
  const text = await output(examples[0] as string);
  expect(text).toContain("write 1");
  expect(text).toContain("read -> null");
});

test("the README's set is a model", async () => {
  const use = `
import { check, History } from ${JSON.stringify(index)};
const judge = (seen: boolean) => {
  const history = new History();
  history.call({ process: 1, kind: "add", input: "a" }).returned();
  history.call({ process: 1, kind: "add", input: "b" }).unknown();
  history.call({ process: 2, kind: "has", input: "a" }).returned(seen);
  history.call({ process: 2, kind: "has", input: "b" }).returned(true);
  return check(history.operations(), { model: set }).verdict;
};
console.log(judge(true), judge(false));`;
  expect(await output(`${examples[1]}${use}`)).toBe("ok violation\n");
});
