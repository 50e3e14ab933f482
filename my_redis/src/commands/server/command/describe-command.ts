import { categoriesOf } from "../../../command/categories.ts";
import type { Command } from "../../../command/command.ts";
import type { CommandTable } from "../../../command/command-table.ts";
import { tipsOf } from "../../../command/command-tips.ts";
import { type FindKeys, type KeySpecification, keySpecificationsOf } from "../../../command/key-specifications.ts";
import type { ReplyWriter } from "../../../protocol/reply-writer.ts";

/** One entry as COMMAND and COMMAND INFO show it. */
export function replyCommandInfo(table: CommandTable, entry: Command, reply: ReplyWriter): void {
  reply.array(10);
  reply.bulkText(entry.fullName);
  reply.integer(entry.arity);
  replySimpleSet(entry.flags, reply);
  reply.integer(entry.keys?.first ?? 0);
  reply.integer(entry.keys?.last ?? 0);
  reply.integer(entry.keys?.step ?? 0);
  replySimpleSet(
    categoriesOf(entry).map((name) => `@${name}`),
    reply,
  );
  const tips = tipsOf(entry.fullName);
  reply.array(tips.length);
  for (const tip of tips) reply.bulkText(tip);
  const specifications = keySpecificationsOf(entry);
  reply.array(specifications.length);
  for (const specification of specifications) replyKeySpecification(specification, reply);
  const subcommands = [...table.subcommandsOf(entry)];
  reply.array(subcommands.length);
  for (const subcommand of subcommands) replyCommandInfo(table, subcommand, reply);
}

function replySimpleSet(words: readonly string[], reply: ReplyWriter): void {
  reply.set(words.length);
  for (const word of words) reply.simple(word);
}

function replyKeySpecification({ flags, begin, find }: KeySpecification, reply: ReplyWriter): void {
  reply.map(3);
  reply.bulkText("flags");
  replySimpleSet(flags, reply);
  reply.bulkText("begin_search");
  const { type: search, ...where } = begin;
  replySearch(reply, search, Object.entries(where));
  reply.bulkText("find_keys");
  replySearch(reply, find.type, findFacts(find));
}

/** As Redis names what it counts. */
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

/** One entry as COMMAND DOCS shows it. */
export function replyCommandDocs(table: CommandTable, entry: Command, reply: ReplyWriter): void {
  const subcommands = [...table.subcommandsOf(entry)];
  reply.map(subcommands.length === 0 ? 4 : 5);
  reply.bulkText("summary");
  reply.bulkText(entry.summary);
  reply.bulkText("since");
  reply.bulkText(entry.since);
  reply.bulkText("group");
  reply.bulkText(entry.group);
  reply.bulkText("complexity");
  reply.bulkText(entry.complexity);
  if (subcommands.length === 0) return;
  reply.bulkText("subcommands");
  reply.map(subcommands.length);
  for (const subcommand of subcommands) {
    reply.bulkText(subcommand.fullName);
    replyCommandDocs(table, subcommand, reply);
  }
}
