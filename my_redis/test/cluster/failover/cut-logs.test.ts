import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { copyOf, startOn } from "../../persistence/log-folders.ts";
import { RingOfProcesses } from "../crash/ring-of-processes.ts";

let ring: RingOfProcesses;

beforeAll(async () => {
  ring = await RingOfProcesses.start(2, { "cluster-node-timeout": "3000", appendfsync: "always" }, 1);
}, 60_000);
afterAll(() => ring.stop());

const logOf = (folder: string): string => {
  const names = readdirSync(join(folder, "appendonlydir")).filter((name) => name.endsWith(".incr.aof"));
  return join(folder, "appendonlydir", names.toSorted().at(-1) as string);
};

/** Starts a server on each beginning of the log that lacks up to so many bytes, and says where that was refused. */
async function refusedCuts(folder: string, mostBytes: number): Promise<string[]> {
  const { length } = readFileSync(logOf(folder));
  const refused: string[] = [];
  for (let bytes = length; bytes > length - mostBytes; bytes--) {
    const copy = copyOf(folder);
    truncateSync(logOf(copy), bytes);
    const started = await startOn(copy).catch((error: Error) => error.message);
    if (typeof started === "string") refused.push(`${bytes} of ${length} bytes: ${started}`);
    else await started.close();
  }
  return refused;
}

test("a node's log may end anywhere: a power failure cuts it also within what it says of the stream of its replicas", async () => {
  const connection = await ring.connect(0);
  for (let number = 0; number < 3; number++) {
    for (const key of ["a", "b", "c", "d"]) expect((await connection.reply("SET", key, number)).text).toBe("OK");
  }
  connection.close();
  const folder = ring.folders[0] as string;
  await ring.kill(0, "SIGKILL");
  expect(readFileSync(logOf(folder), "latin1").slice(-200)).toMatch(/#AT:\d+\r\n/);
  expect(await refusedCuts(folder, 200)).toEqual([]);
}, 60_000);

test("also within what an orderly end says of replication", async () => {
  const folder = ring.folders[1] as string;
  await ring.processes[1]?.process.stop();
  expect(readFileSync(logOf(folder), "latin1").slice(-200)).toMatch(/#REPLICATION:[0-9a-f]{40}:\d+:\d+\r\n/);
  expect(await refusedCuts(folder, 200)).toEqual([]);
}, 60_000);
