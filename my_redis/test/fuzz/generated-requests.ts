import type { Command } from "../../src/dispatch/command.ts";
import { compatibilities } from "../../src/version.ts";
import { commandsOf } from "../../src/commands/index.ts";
import { encodeCommand, type Word } from "../differential/harness/resp-connection.ts";
import { requestTemplates, scriptTexts } from "./request-templates.ts";
import type { SeededRandom } from "../../../tools/seeded-random.ts";

/** The fuzzers use these databases; the witness has its own one, far away. */
export const fuzzedDatabases = 4;

/**
 * Commands that the fuzzer does not use: those that intentionally end or stop the server or its other clients, that
 * make replies uncountable, or that may take long by themselves (LCS of two values of megabytes, a million random
 * members).
 */
const leftOut = new Set([
  "shutdown",
  "debug",
  "flushall",
  "flushdb",
  "client|kill",
  "client|pause",
  "client|reply",
  "client|no-evict",
  "client|tracking",
  "wait",
  "config|set",
  "config|rewrite",
  "monitor",
  "lcs",
  "hrandfield",
  "srandmember",
  "zrandmember",
  "subscribe",
  "psubscribe",
  "ssubscribe",
  "unsubscribe",
  "punsubscribe",
  "sunsubscribe",
  "quit",
  "eval",
  "eval_ro",
  "evalsha",
  "evalsha_ro",
  "select",
  "move",
  "copy",
  "swapdb",
  "auth",
  "save",
  "bgsave",
  "replconf",
  "replicaof",
  "slaveof",
  "sync",
  "psync",
  "blpop",
  "brpop",
  "blmove",
  "brpoplpush",
  "blmpop",
  "bzpopmin",
  "bzpopmax",
  "bzmpop",
  "xread",
  "xreadgroup",
  "hello",
  "migrate",
]);

interface PlainCommand {
  readonly words: readonly string[];
  readonly command: Command;
}

const servers = compatibilities.map((each) => commandsOf(each));
/** Of all servers that one may claim to be. What a server does not have is an unknown command there. */
const everyCommand = [...new Map(servers.flat().map((each) => [each.name, each])).values()];

const plainCommands: readonly PlainCommand[] = everyCommand
  .flatMap((command) => [
    { words: [command.name], command },
    ...(command.subcommands ?? []).map((subcommand) => ({
      words: [command.name, subcommand.name],
      command: subcommand,
    })),
  ])
  .filter(
    ({ words }) => !leftOut.has(words.join("|").toLowerCase()) && !leftOut.has((words[0] as string).toLowerCase()),
  );

/** The group of each command, by name. */
const groups = new Map<string, string>(everyCommand.map(({ name, group }) => [name, group]));

/** Mostly a key that is shared by the commands of one group, so that they find values of their type. */
function keyWord(random: SeededRandom, name: string): string {
  return random.oneIn(4) ? `key:${random.below(24)}` : `${groups.get(name) ?? "key"}:${random.below(6)}`;
}

const fields = ["f", "g", "h", "7", "-3", "a rather long name of a field or member", "", "\r\n", "$-1\r\n"];
const numbers = [
  "0",
  "1",
  "-1",
  "2",
  "5",
  "10",
  "-7",
  "100",
  "129",
  "2147483648",
  "9223372036854775807",
  "-9223372036854775808",
  "18446744073709551616",
  "1e3",
  " 1",
  "x",
  "",
];
const scores = ["0", "1", "-1.5", "3.25", "1e17", "inf", "-inf", "(2", "nan", "0.1", "1e-320", "x"];
const globs = ["*", "key:?", "k*[0-9]", "*\\*", "[^a]*", "", "f*"];

/** Makes the word for each letter of a template. */
const wordMakers: Readonly<Record<string, (random: SeededRandom, name: string) => Word>> = {
  K: keyWord,
  V: (random) => valueWord(random),
  F: (random) => (random.oneIn(3) ? `member ${random.below(300)}` : random.pick(fields)),
  N: (random) => (random.oneIn(2) ? random.below(130) - 20 : random.pick(numbers)),
  S: (random) => (random.oneIn(2) ? random.below(50) : random.pick(scores)),
  T: (random) => 1 + random.below(random.oneIn(3) ? 400_000 : 150),
  W: (random) => (1 + random.below(80)) / 1000,
  M: (random) => 1 + random.below(80),
  I: (random) => (random.oneIn(8) ? random.pick(numbers) : `${random.below(40)}-${random.below(4)}`),
  B: (random) => (random.oneIn(2) ? random.pick(["-", "+"]) : `${random.below(40)}-${random.below(4)}`),
  G: (random) => random.pick(globs),
  C: (random) => random.below(random.oneIn(6) ? 300 : 5),
  D: (random) => random.below(fuzzedDatabases),
};

function valueWord(random: SeededRandom): Word {
  if (random.oneIn(4)) return random.below(1000);
  if (random.oneIn(40)) return random.bytes(random.below(70_000));
  return random.oneIn(3) ? random.bytes(random.below(100)) : `value ${random.below(100)}`;
}

/** One well-formed request: mostly a valid command, and sometimes one with arbitrary arguments. */
export function generateWords(random: SeededRandom): Word[] {
  // Rarely, so that there is usually something to flush.
  if (random.oneIn(3000)) return ["FLUSHDB", random.pick(["ASYNC", "SYNC"])];
  if (random.oneIn(25)) return scriptWords(random);
  return random.oneIn(6) ? tableWords(random) : templateWords(random);
}

function scriptWords(random: SeededRandom): Word[] {
  const keys = [keyWord(random, random.pick(["SET", "LPUSH", "SADD", "XADD"])), keyWord(random, "ZADD")];
  return ["EVAL", random.pick(scriptTexts), 2, ...keys, valueWord(random), valueWord(random)];
}

function templateWords(random: SeededRandom): Word[] {
  const words: Word[] = [];
  const parts = random.pick(requestTemplates).split(" ");
  const name = parts[0] as string;
  for (const part of parts) {
    const optional = part.startsWith("?");
    if (optional && random.oneIn(2)) continue;
    // "?PX_T" is two words.
    for (const word of optional ? part.slice(1).split("_") : [part])
      words.push(wordMakers[word]?.(random, name) ?? word);
  }
  return words;
}

/** A command of the table with the minimum number of arguments, and with keys where it takes keys. */
function tableWords(random: SeededRandom): Word[] {
  const { words, command } = random.pick(plainCommands);
  const least = Math.abs(command.arity);
  const count = command.arity < 0 || random.oneIn(10) ? least + random.below(4) : least;
  const made: Word[] = [...words];
  while (made.length < count) {
    const { keyRange: range } = command;
    const isKey = range !== undefined && made.length >= range.first && (made.length - range.first) % range.step === 0;
    made.push(
      wordMakers[isKey ? "K" : random.pick(["K", "V", "F", "N", "S", "C", "I", "G"])]?.(random, command.name) as Word,
    );
  }
  return made;
}

export const generateRequest = (random: SeededRandom): Uint8Array => encodeCommand(generateWords(random));
