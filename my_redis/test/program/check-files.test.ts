import { expect, test } from "bun:test";
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startProcess, temporaryFolder } from "../../../tools/test-services/index.ts";
import { ask, copyOf, filesIn, logFolderOf, manifestName, startOn, writtenLog } from "../persistence/log-folders.ts";

const main = join(import.meta.dir, "../../main.ts");

async function check(...words: string[]): Promise<{ code: number | null | undefined; output: string }> {
  const started = await startProcess({ cmd: [process.execPath, main, ...words] });
  await started.exited;
  return { code: started.exit?.code, output: started.stdout() + started.stderr() };
}

/** A copy of the folder in which one byte of a file is another one. */
function damaged(dir: string, file: string, text: string): string {
  const copy = copyOf(dir);
  const path = join(logFolderOf(copy), file);
  const bytes = readFileSync(path);
  const at = bytes.lastIndexOf(text);
  expect(at).toBeGreaterThan(0);
  bytes[at] = (bytes[at] as number) ^ 1;
  writeFileSync(path, bytes);
  return copy;
}

test("check-aof loads every file of a log, and changes nothing", async () => {
  const dir = await writtenLog();
  const before = filesIn(dir);
  for (const path of [dir, logFolderOf(dir), join(logFolderOf(dir), manifestName)]) {
    const { code, output } = await check("check-aof", path);
    expect([code, output]).toEqual([
      0,
      expect.stringMatching(/1\.base\.rdb: 1 keys .*\n.*2\.incr\.aof: .* commands, no damage\n$/),
    ]);
  }
  expect(filesIn(dir)).toEqual(before);
});

test("check-aof --fix keeps what is before the damage, after it has copied the rest, and the log can be loaded", async () => {
  const dir = damaged(await writtenLog(), "appendonly.aof.2.incr.aof", "INCR");
  const before = filesIn(dir);
  const found = await check("check-aof", dir);
  expect(found.code).toBe(1);
  expect(found.output).toMatch(/2\.incr\.aof: bad at offset \d+: .*check-aof --fix/s);
  expect(filesIn(dir)).toEqual(before);

  const fixed = await check("check-aof", "--fix", dir);
  expect(fixed.code).toBe(0);
  const log = join("appendonlydir", "appendonly.aof.2.incr.aof");
  const after = filesIn(dir);
  const [copy = ""] = Object.keys(after).filter((name) => name.includes(".cut-"));
  expect(fixed.output).toContain(copy);
  expect(`${after[log]}${after[copy]}`).toBe(before[log] as string);
  const server = await startOn(dir);
  expect(await ask(server, ["GET", "n"])).toBe("2");
  await server.close();
});

test("check-aof removes nothing from a file that is not the last one, or from a base", async () => {
  const dir = await writtenLog();
  for (const [file, text] of [["appendonly.aof.1.base.rdb", "n"]] as const) {
    const copy = damaged(dir, file, text);
    const before = filesIn(copy);
    const { code, output } = await check("check-aof", "--fix", copy);
    expect([code, output]).toEqual([1, expect.stringContaining(file)]);
    expect(filesIn(copy)).toEqual(before);
  }
  const two = copyOf(dir);
  const folder = logFolderOf(two);
  copyFileSync(join(folder, "appendonly.aof.2.incr.aof"), join(folder, "appendonly.aof.3.incr.aof"));
  const entries = ["1.base.rdb seq 1 type b", "2.incr.aof seq 2 type i", "3.incr.aof seq 3 type i"];
  writeFileSync(join(folder, manifestName), entries.map((entry) => `file appendonly.aof.${entry}\n`).join(""));
  const copy = damaged(two, "appendonly.aof.2.incr.aof", "INCR");
  const before = filesIn(copy);
  // The file by itself is judged as part of its log, too: this is what the message of a refused start names.
  for (const path of [copy, join(logFolderOf(copy), "appendonly.aof.2.incr.aof")]) {
    const { code, output } = await check("check-aof", "--fix", path);
    expect([code, output]).toEqual([1, expect.stringContaining("not the last file")]);
    expect(filesIn(copy)).toEqual(before);
  }
});

test("check-aof lists the files of a log whose manifest cannot be trusted", async () => {
  const dir = await writtenLog();
  rmSync(join(logFolderOf(dir), manifestName));
  const { code, output } = await check("check-aof", dir);
  expect(code).toBe(1);
  expect(output).toMatch(
    /manifests, where a log has one\nFiles of a log in this folder, with their bytes:\n.*1\.base\.rdb \d+\n.*2\.incr\.aof \d+\n/,
  );
});

test("check-aof refuses a folder that a server uses", async () => {
  const dir = await writtenLog();
  const server = await startOn(dir);
  const { code, output } = await check("check-aof", dir);
  expect([code, output]).toEqual([1, expect.stringMatching(/is in use by process \d+/)]);
  await server.close();
});

test("check-rdb loads a snapshot and says where it is damaged", async () => {
  const dir = temporaryFolder("check");
  const server = await startOn(dir, { appendonly: false });
  await ask(server, ["SET", "key", "value"], ["SAVE"]);
  await server.close();
  const path = join(dir, "dump.rdb");
  expect(await check("check-rdb", path)).toEqual({ code: 0, output: `${path}: 1 keys, no damage\n` });
  const bytes = readFileSync(path);
  bytes[bytes.indexOf("value")] = 0;
  writeFileSync(path, bytes);
  const { code, output } = await check("check-rdb", path);
  expect([code, output]).toEqual([1, expect.stringMatching(/dump\.rdb: bad at offset \d+: the checksum/)]);
});

test("a check with other words says how it is used", async () => {
  for (const words of [["check-aof"], ["check-rdb", "--fix", "x"], ["check-aof", "a", "b"]]) {
    const { code, output } = await check(...words);
    expect([code, output]).toEqual([1, expect.stringContaining("Usage: my-redis-server check-aof")]);
  }
  expect((await check("check-aof", "/nowhere")).output).toBe("/nowhere: no such file or folder\n");
});
