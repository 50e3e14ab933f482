import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../../../tools/test-services/index.ts";
import { encodeReply, ReplyParser } from "./reply.ts";
import { type RespConnection, showCommand, type Word } from "./resp-connection.ts";
import { startPair } from "./start-pair.ts";

/** Two moments in the two logs that differ by more than this are different. */
const toleranceMs = 10_000;
/** Numbers of at least this are moments in Unix milliseconds. */
const leastMomentMs = 1_000_000_000_000;

/**
 * Runs commands on a server of each kind with an append-only file, and fails when the files differ. Commands are
 * compared word by word, names in any case, moments with a tolerance. `anyOrder`: the order of the commands depends on
 * a hash table.
 */
export async function expectSameLog(
  commands: readonly (readonly Word[])[],
  { anyOrder = false }: { anyOrder?: boolean } = {},
): Promise<void> {
  const [ours, theirs] = await logsOf(commands);
  if (anyOrder) for (const log of [ours, theirs]) log.sort();
  const show = (log: readonly string[][]): string => log.map((words) => `      ${showCommand(words)}`).join("\n");
  for (let at = 0; at < Math.max(ours.length, theirs.length); at++) {
    if (sameCommand(ours[at] ?? [], theirs[at] ?? [])) continue;
    throw new Error(
      `the logs differ at command ${at + 1}:\n    MyRedis\n${show(ours)}\n    redis-server\n${show(theirs)}`,
    );
  }
}

function sameCommand(ours: readonly string[], theirs: readonly string[]): boolean {
  if (ours.length !== theirs.length) return false;
  return ours.every((word, at) => {
    const other = theirs[at] as string;
    if (at === 0) return word.toUpperCase() === other.toUpperCase();
    return (
      word === other || (isMoment(word) && isMoment(other) && Math.abs(Number(word) - Number(other)) < toleranceMs)
    );
  });
}

const isMoment = (word: string): boolean => /^\d{13,}$/.test(word) && Number(word) >= leastMomentMs;

async function logsOf(commands: readonly (readonly Word[])[]): Promise<[ours: string[][], theirs: string[][]]> {
  const dir = temporaryFolder("differential-log");
  const pair = await startPair({
    flags: { appendonly: "yes", appendfsync: "always", "enable-debug-command": "yes" },
    myRedis: { memory: false, dir, "aof-checksum": false },
  });
  try {
    const folders = { MyRedis: dir, "redis-server": pair.theirs.dataDir };
    return await pair.onBoth((_port, side) => runAndRead(pair.control[side], folders[side], commands));
  } finally {
    await pair.close();
  }
}

async function runAndRead(
  connection: RespConnection,
  dir: string,
  commands: readonly (readonly Word[])[],
): Promise<string[][]> {
  // One by one, because pipelined commands may be logged as one unit.
  for (const command of commands) await connection.reply(...command);
  const folder = join(dir, "appendonlydir");
  const increment = readdirSync(folder).find((name) => name.endsWith(".incr.aof"));
  if (increment === undefined) throw new Error(`no increment was written into ${folder}`);
  return commandsIn(readFileSync(join(folder, increment)));
}

/** A log is a stream of RESP arrays of bulk strings, so the parser of replies can read it. */
function commandsIn(bytes: Uint8Array): string[][] {
  const parser = new ReplyParser();
  parser.feed(bytes);
  const commands: string[][] = [];
  for (let reply = parser.next(); reply !== undefined; reply = parser.next()) {
    if (reply.items === undefined || reply.items === null) throw new Error(`no command: ${encodeReply(reply)}`);
    commands.push(reply.items.map((item) => item.text ?? ""));
  }
  return commands;
}
