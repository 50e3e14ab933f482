import { categoriesOf } from "../../../dispatch/describe/categories.ts";
import type { Command } from "../../../dispatch/command.ts";
import type { CommandTable } from "../../../dispatch/command-table.ts";
import { accessWords } from "../../../dispatch/describe/key-access.ts";
import type { ArgumentSyntax } from "../../../dispatch/describe/syntax.ts";
import type { FindKeys, KeySpecification } from "../../../dispatch/key-specification.ts";
import type { ReplyWriter } from "../../../protocol/reply-writer.ts";

/** One entry as COMMAND and COMMAND INFO show it. */
export function replyCommandInfo(table: CommandTable<Command>, entry: Command, reply: ReplyWriter): void {
  reply.array(10);
  reply.bulkText(entry.fullName);
  reply.integer(entry.arity);
  replySimpleSet(entry.flags, reply);
  reply.integer(entry.keyRange?.first ?? 0);
  reply.integer(entry.keyRange?.last ?? 0);
  reply.integer(entry.keyRange?.step ?? 0);
  replySimpleSet(
    categoriesOf(entry).map((name) => `@${name}`),
    reply,
  );
  reply.array(entry.tips.length);
  for (const tip of entry.tips) reply.bulkText(tip);
  reply.array(entry.keySpecifications.length);
  for (const specification of entry.keySpecifications) replyKeySpecification(entry, specification, reply);
  const subcommands = [...table.subcommandsOf(entry)];
  reply.array(subcommands.length);
  for (const subcommand of subcommands) replyCommandInfo(table, subcommand, reply);
}

function replySimpleSet(words: readonly string[], reply: ReplyWriter): void {
  reply.set(words.length);
  for (const word of words) reply.simple(word);
}

function replyKeySpecification(entry: Command, specification: KeySpecification, reply: ReplyWriter): void {
  const { begin, find } = specification;
  reply.map(3);
  reply.bulkText("flags");
  replySimpleSet(accessWords(entry, specification), reply);
  reply.bulkText("begin_search");
  const { type: search, ...where } = begin;
  replySearch(reply, search, Object.entries(where));
  reply.bulkText("find_keys");
  replySearch(reply, find.type, findFacts(find));
}

/** The names that Redis gives to these numbers. */
function findFacts(find: FindKeys): [string, number][] {
  if (find.type === "unknown") return [];
  if (find.type === "range") return Object.entries({ lastkey: find.last, keystep: find.step, limit: find.limit });
  return Object.entries({ keynumidx: find.index, firstkey: find.first, keystep: find.step });
}

function replySearch(reply: ReplyWriter, type: string, facts: readonly (readonly [string, number | string])[]): void {
  reply.map(2);
  reply.bulkText("type");
  reply.bulkText(type);
  reply.bulkText("spec");
  reply.map(facts.length);
  for (const [name, value] of facts) {
    reply.bulkText(name.toLowerCase());
    if (typeof value === "number") reply.integer(value);
    else reply.bulkText(value);
  }
}

/**
 * Assigns a command's key specifications to its key arguments, in order. The last key gets the last specification.
 * Extra keys share it, too.
 */
class KeyPlaces {
  readonly #specifications: number;
  readonly #keys: number;
  #next = 0;

  constructor(syntax: readonly ArgumentSyntax[], specifications: number) {
    this.#specifications = specifications;
    this.#keys = countKeys(syntax);
  }

  next(): number {
    const key = this.#next++;
    return key > 0 && key === this.#keys - 1 ? this.#specifications - 1 : Math.min(key, this.#specifications - 1);
  }
}

const countKeys = (syntax: readonly ArgumentSyntax[]): number =>
  syntax.reduce((sum, { type, parts }) => sum + (type === "key" ? 1 : countKeys(parts)), 0);

function replyArguments(syntax: readonly ArgumentSyntax[], places: KeyPlaces, reply: ReplyWriter): void {
  reply.array(syntax.length);
  for (const argument of syntax) replyArgument(argument, places, reply);
}

function replyArgument(argument: ArgumentSyntax, places: KeyPlaces, reply: ReplyWriter): void {
  const { name, type, token, parts } = argument;
  const flags = flagsOf(argument);
  const place = type === "key" ? places.next() : -1;
  const facts: [string, () => void][] = [
    ["name", () => reply.bulkText(name)],
    ["type", () => reply.bulkText(type)],
  ];
  if (place >= 0) facts.push(["key_spec_index", () => reply.integer(place)]);
  if (token !== undefined) facts.push(["token", () => reply.bulkText(token)]);
  if (flags.length > 0) facts.push(["flags", () => replySimpleSet(flags, reply)]);
  if (parts.length > 0) facts.push(["arguments", () => replyArguments(parts, places, reply)]);
  reply.map(facts.length);
  for (const [fact, replyFact] of facts) {
    reply.bulkText(fact);
    replyFact();
  }
}

function flagsOf({ optional, multiple, multipleToken }: ArgumentSyntax): string[] {
  const flags: [string, boolean][] = [
    ["optional", optional],
    ["multiple", multiple],
    ["multiple_token", multipleToken],
  ];
  return flags.filter(([, is]) => is).map(([flag]) => flag);
}

/** One entry as COMMAND DOCS shows it. */
export function replyCommandDocs(table: CommandTable<Command>, entry: Command, reply: ReplyWriter): void {
  const subcommands = [...table.subcommandsOf(entry)];
  const { syntax } = entry;
  reply.map(4 + (syntax.length > 0 ? 1 : 0) + (subcommands.length > 0 ? 1 : 0));
  reply.bulkText("summary");
  reply.bulkText(entry.summary);
  reply.bulkText("since");
  reply.bulkText(entry.since);
  reply.bulkText("group");
  reply.bulkText(entry.group);
  reply.bulkText("complexity");
  reply.bulkText(entry.complexity);
  if (syntax.length > 0) {
    reply.bulkText("arguments");
    replyArguments(syntax, new KeyPlaces(syntax, entry.keySpecifications.length), reply);
  }
  if (subcommands.length === 0) return;
  reply.bulkText("subcommands");
  reply.map(subcommands.length);
  for (const subcommand of subcommands) {
    reply.bulkText(subcommand.fullName);
    replyCommandDocs(table, subcommand, reply);
  }
}
