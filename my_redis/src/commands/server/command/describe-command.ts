import { categoriesOf } from "../../../command/categories.ts";
import type { Command } from "../../../command/command.ts";
import type { CommandTable } from "../../../command/command-table.ts";
import type { ReplyWriter } from "../../../protocol/reply-writer.ts";

/** How a command treats its keys, in the words of a key specification: as far as its flags tell. */
export function keyFlags(entry: Command): readonly string[] {
  return entry.isWrite ? ["RW", "access", "update"] : ["RO", "access"];
}

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
  // Tips for routers: none are given.
  reply.array(0);
  replyKeySpecification(entry, reply);
  const subcommands = [...table.subcommandsOf(entry)];
  reply.array(subcommands.length);
  for (const subcommand of subcommands) replyCommandInfo(table, subcommand, reply);
}

function replySimpleSet(words: readonly string[], reply: ReplyWriter): void {
  reply.set(words.length);
  for (const word of words) reply.simple(word);
}

function replyKeySpecification(entry: Command, reply: ReplyWriter): void {
  const { keys } = entry;
  if (keys === undefined) {
    reply.array(0);
    return;
  }
  reply.array(1);
  reply.map(3);
  reply.bulkText("flags");
  replySimpleSet(keyFlags(entry), reply);
  reply.bulkText("begin_search");
  replySearch(reply, "index", [["index", keys.first]]);
  reply.bulkText("find_keys");
  // The last key is told from the first one, or from the end of the arguments.
  const last = keys.last < 0 ? keys.last : keys.last - keys.first;
  replySearch(reply, "range", [
    ["lastkey", last],
    ["keystep", keys.step],
    ["limit", 0],
  ]);
}

function replySearch(reply: ReplyWriter, type: string, facts: readonly (readonly [string, number])[]): void {
  reply.map(2);
  reply.bulkText("type");
  reply.bulkText(type);
  reply.bulkText("spec");
  reply.map(facts.length);
  for (const [name, value] of facts) {
    reply.bulkText(name);
    reply.integer(value);
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
