import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { exercisedFileVariable } from "../../../../tools/exercised-file.ts";
import { type Word, wordBytes } from "./resp-connection.ts";

const exercisedKey = Symbol.for("my-redis.differential.exercised");
const holder = globalThis as typeof globalThis & { [exercisedKey]?: Set<string> };
const exercised = (holder[exercisedKey] ??= new Set<string>());

/** Records that a command was run on both servers and its replies were compared. */
export function recordExercised(command: readonly Word[]): void {
  const [name, subcommand] = command.slice(0, 2).map(nameOf);
  if (name === undefined) return;
  add(name);
  if (subcommand !== undefined && subcommand.length < 32) add(`${name}|${subcommand}`);
}

/**
 * Lower-case names of the commands exercised so far in this process, and of those in that file; with the second word
 * added, also "config|get".
 */
export function exercisedCommands(): ReadonlySet<string> {
  const file = process.env[exercisedFileVariable];
  const named = file !== undefined && existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  return new Set([...exercised, ...named]);
}

function add(name: string): void {
  if (exercised.has(name)) return;
  exercised.add(name);
  const file = process.env[exercisedFileVariable];
  if (file !== undefined && /^[\w|.-]+$/.test(name)) appendFileSync(file, `${name}\n`);
}

const nameOf = (word: Word): string => Buffer.from(wordBytes(word)).toString("latin1").toLowerCase();
