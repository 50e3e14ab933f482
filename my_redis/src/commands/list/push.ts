import { command, type CommandDefinition } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { storePacked } from "../../collections/store-packed.ts";
import { ElementRun, isWorthPacking } from "../../values/element-run.ts";
import { listLimits } from "../../values/list/list-limits.ts";
import { PackedElement } from "../../values/packed-element.ts";
import { createList, findList, type ListEnd, type ListValue } from "../../collections/list-value.ts";

const element = new PackedElement();
const run = new ElementRun();
/** A list with more bytes than this does not stay packed, so no room is reserved for the packed form. */
const maxExpectedBytes = 8192;

const shared = {
  group: "list",
  complexity: "O(1) for each element, so O(N) for N elements.",
  syntax: "key element...",
  flags: ["write", "denyoom", "fast"],
  keys: keyAt(1, "RW insert"),
} as const satisfies Partial<CommandDefinition>;

/** Adds the elements from argument 2 on, and announces the change. Returns the new length. */
function pushArguments(context: Context, args: Arguments, found: ListValue | undefined, end: ListEnd): number {
  let bytes = 0;
  for (let index = 2; index < args.count; index++) bytes += args.length(index);
  const isMany = end === "tail" && isWorthPacking(args, 2) && run.pack(args, 2);
  if (isMany && found === undefined && createPackedList(context, args, bytes)) return args.count - 2;
  const list = found ?? createList(context.database, args, 1, bytes > maxExpectedBytes ? 0 : elementBytes(args));
  list.growBy(bytes, args.count - 2);
  if (isMany) list.pushAll(run);
  else pushOneByOne(args, list, end);
  context.database.changed(args, 1, end === "head" ? "lpush" : "rpush", args.count - 2);
  return list.size;
}

/** Creates a list of the packed elements; false when they are too many for a packed list. `bytes`: of their texts. */
function createPackedList({ database, server }: Context, args: Arguments, bytes: number): boolean {
  const limits = listLimits(server.settings.values["list-max-listpack-size"]);
  if (limits.exceeded(bytes, run.count) || !storePacked(database, args, "list", run)) return false;
  database.changed(args, 1, "rpush", run.count);
  return true;
}

function pushOneByOne(args: Arguments, list: ListValue, end: ListEnd): void {
  const { buffer } = args;
  for (let index = 2; index < args.count; index++) {
    list.push(end, element.setBytes(buffer, args.start(index), args.end(index)));
  }
}

function elementBytes(args: Arguments): number {
  let total = 0;
  for (let index = 2; index < args.count; index++) {
    total += element.setBytes(args.buffer, args.start(index), args.end(index)).size;
  }
  return total;
}

export const lpush = command({
  ...shared,
  name: "LPUSH",
  since: "1.0.0",
  summary: "Pushes elements one after another to the head of a list, creating it if needed.",
  run(context, args, reply) {
    reply.integer(pushArguments(context, args, findList(context.database, args), "head"));
  },
});

export const rpush = command({
  ...shared,
  name: "RPUSH",
  since: "1.0.0",
  summary: "Pushes elements to the tail of a list, creating it if needed.",
  run(context, args, reply) {
    reply.integer(pushArguments(context, args, findList(context.database, args), "tail"));
  },
});

export const lpushx = command({
  ...shared,
  name: "LPUSHX",
  since: "2.2.0",
  summary: "Pushes elements to the head of a list if it exists.",
  run(context, args, reply) {
    const list = findList(context.database, args);
    reply.integer(list === undefined ? 0 : pushArguments(context, args, list, "head"));
  },
});

export const rpushx = command({
  ...shared,
  name: "RPUSHX",
  since: "2.2.0",
  summary: "Pushes elements to the tail of a list if it exists.",
  run(context, args, reply) {
    const list = findList(context.database, args);
    reply.integer(list === undefined ? 0 : pushArguments(context, args, list, "tail"));
  },
});
