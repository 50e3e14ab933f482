import { expect, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SeededRandom } from "../../../tools/seeded-random.ts";
import { checkFiles } from "../../src/check-files.ts";
import { ask, copyOf, filesIn, logFolderOf, startOn, writtenLog } from "./log-folders.ts";

const seed = 20_261_129;
const damages = 60;
const increment = "appendonly.aof.1.incr.aof";

function check(...words: string[]): { readonly code: number; readonly text: string } {
  const lines: string[] = [];
  const code = checkFiles(words, (line) => void lines.push(line));
  return { code, text: lines.join("\n") };
}

/** Why a start on the folder is refused; undefined when it is not. */
async function refusalOf(dir: string): Promise<string | undefined> {
  const outcome = await startOn(dir, { "aof-load-truncated": false }).catch((error: Error) => error);
  if (outcome instanceof Error) return outcome.message;
  await outcome.close();
  return undefined;
}

/** Changes one bit, removes some bytes or doubles them. */
function damage(bytes: Buffer, random: SeededRandom): Buffer {
  const at = random.below(bytes.length);
  const end = Math.min(bytes.length, at + 1 + random.below(40));
  const kind = random.pick(["flip", "flip", "remove", "double", "cut"] as const);
  if (kind === "cut") return bytes.subarray(0, at);
  if (kind === "remove") return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
  if (kind === "double") return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
  const flipped = Buffer.from(bytes);
  flipped[at] = (flipped[at] as number) ^ (1 << random.below(8));
  return flipped;
}

/** A log of transactions, several databases and checksums as the parts say. */
async function logOf(parts: readonly boolean[]): Promise<string> {
  const dir = await writtenLog({ "aof-checksum": parts[0] === true }, false);
  for (const checksums of parts) {
    const server = await startOn(dir, { "aof-checksum": checksums });
    await ask(
      server,
      ["SET", "a", "x".repeat(300)],
      ["MULTI"],
      ["INCR", "n"],
      ["SELECT", "3"],
      ["RPUSH", "l", "1"],
      ["EXEC"],
    );
    await ask(server, ["SELECT", "7"], ["HSET", "h", "f", "v"], ["SADD", "s", "1", "2"]);
    await server.close();
  }
  return dir;
}

for (const parts of [[true], [false], [true, false], [false, true]]) {
  const what = parts.map((checksums) => (checksums ? "with" : "without")).join(", then ");
  test(`check-aof and a start judge a damaged log alike, and --fix makes one that loads: ${what} checksums (seed ${seed})`, async () => {
    const dir = await logOf(parts);
    const whole = readFileSync(join(logFolderOf(dir), increment));
    const random = new SeededRandom(seed);
    let refused = 0;
    for (let number = 0; number < damages; number++) {
      const copy = copyOf(dir);
      writeFileSync(join(logFolderOf(copy), increment), damage(whole, random));
      const { code, text } = check("check-aof", copy);
      const before = filesIn(copy);
      const refusal = await refusalOf(copy);
      expect({ number, code, text }).toEqual({ number, code: refusal === undefined ? 0 : 1, text });
      if (refusal !== undefined) {
        refused++;
        expect(filesIn(copy)).toEqual(before);
        const fixed = check("check-aof", "--fix", "--databases", "16", copy);
        expect({ number, ...fixed }).toEqual({ number, code: 0, text: fixed.text });
        expect({ number, refusal: await refusalOf(copy) }).toEqual({ number, refusal: undefined });
      }
      rmSync(copy, { recursive: true });
    }
    expect(refused).toBeGreaterThan(damages / 4);
  }, 60_000);
}

test("check-aof names a database that a start does not allow, and --fix removes nothing before it was told the limit", async () => {
  const dir = await writtenLog({}, false);
  const server = await startOn(dir, { databases: 32 });
  await ask(server, ["SELECT", "20"], ["SET", "a", "1"]);
  await server.close();
  const before = filesIn(dir);
  expect(await refusalOf(dir)).toContain("SELECT 20");
  expect(check("check-aof", dir)).toEqual({ code: 1, text: expect.stringMatching(/SELECT 20: .*'databases 16'/) });
  expect(check("check-aof", "--fix", dir)).toEqual({ code: 1, text: expect.stringContaining("--databases N") });
  expect(check("check-aof", "--databases", "32", dir).code).toBe(0);
  expect(filesIn(dir)).toEqual(before);
  expect(check("check-aof", "--fix", "--databases", "16", dir).code).toBe(0);
  expect(await refusalOf(dir)).toBeUndefined();
});

test("check-rdb names a database that a start does not allow", async () => {
  const dir = await writtenLog({}, false);
  const server = await startOn(dir, { databases: 32 });
  await ask(server, ["SELECT", "20"], ["SET", "a", "1"], ["SAVE"]);
  await server.close();
  const snapshot = join(dir, "dump.rdb");
  expect(check("check-rdb", snapshot)).toEqual({ code: 1, text: expect.stringContaining("'databases 16'") });
  expect(check("check-rdb", "--databases", "32", snapshot).code).toBe(0);
});
