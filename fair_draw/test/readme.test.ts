import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startProcess, temporaryFolder } from "../../tools/test-services/index.ts";
import { entriesOf, holdDraw, textOf } from "./room.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));

async function output(cwd: string, ...cmd: string[]): Promise<string> {
  const started = await startProcess({
    cmd: [process.execPath, ...cmd],
    cwd,
    readyWhen: ({ exit }) => exit !== undefined,
  });
  return started.stdout();
}

test("the README's example holds a draw that the program finds right, with the place that the example has", async () => {
  const folder = temporaryFolder("fair-draw-readme");
  const [, code] = /```ts\n([\s\S]*?)```/.exec(readme) as unknown as [string, string];
  writeFileSync(join(folder, "example.ts"), code.replace('"fair-draw"', JSON.stringify(path("index.ts"))));
  const [, place] = /^entry 3 has place ([1-5])\n$/.exec(await output(folder, "example.ts")) ?? [];
  const kept = ["--receipt", "receipt.json", "--announcement", "announcement.json"];
  const report = await output(folder, path("main.ts"), "draw.jsonl", ...kept);
  expect(report).toContain(`receipt of entry 3  place ${place} of 5 that were drawn\n`);
  expect(report).toEndWith("ok: all that can be checked fits together\n");
});

test("the README shows what the program prints", async () => {
  const folder = temporaryFolder("fair-draw-readme");
  const held = holdDraw(entriesOf(9, 3), 9);
  writeFileSync(join(folder, "draw.jsonl"), await textOf(held));
  writeFileSync(join(folder, "my-receipt.json"), JSON.stringify(held.receipts[4]));
  writeFileSync(join(folder, "announcement.json"), JSON.stringify(held.announcement));
  const kept = ["--receipt", "my-receipt.json", "--announcement", "announcement.json"];
  expect(readme).toContain(`\`\`\`\n${await output(folder, path("main.ts"), "draw.jsonl", ...kept)}\`\`\`\n`);
});
