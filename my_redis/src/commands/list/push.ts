import { command, type CommandDefinition } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import type { Database } from "../../keyspace/database.ts";
import { copyBytes } from "../../memory/copy-bytes.ts";
import type { Address } from "../../memory/heap.ts";
import * as record from "../../memory/record.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { storePacked } from "../../collections/store-packed.ts";
import { ElementRun, isWorthPacking } from "../../values/element-run.ts";
import type { ListChunks } from "../../values/list/list-chunks.ts";
import { type ListLimits, listLimits } from "../../values/list/list-limits.ts";
import * as packed from "../../values/packed-list.ts";
import { PackedElement } from "../../values/packed-element.ts";
import { createList, findList, type ListEnd, type ListValue } from "../../collections/list-value.ts";

const element = new PackedElement();
const run = new ElementRun();
/** A list with more bytes than this does not stay packed, so no room is reserved for the packed form. */
const maxExpectedBytes = 8192;
const packedKind = record.valueType.list | (record.encoding.packed << 4);
const objectKind = record.valueType.list | (record.encoding.object << 4);

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
  loadOperation: "lpush",
});

export const rpush = command({
  ...shared,
  name: "RPUSH",
  since: "1.0.0",
  summary: "Pushes elements to the tail of a list, creating it if needed.",
  run(context, args, reply) {
    reply.integer(pushArguments(context, args, findList(context.database, args), "tail"));
  },
  loadOperation: "rpush",
  load({ database, keyspace }, args, keyHash) {
    if (!run.pack(args, 2)) return false;
    const address = database.loading(args, keyHash);
    const limits = listLimits(keyspace.limits["list-max-listpack-size"]);
    if (!appendRun(database, args, address, keyHash, limits)) return false;
    keyspace.dirty += run.count;
    return true;
  },
});

/** Appends the packed elements of a request of a log. False when that changes the form of the list. */
function appendRun(
  database: Database,
  args: Arguments,
  address: Address,
  keyHash: number,
  limits: ListLimits,
): boolean {
  const { heap } = database.keyspace;
  // Elements are shorter than the same words in a request, and texts are as well.
  const bytes = args.requestEnd - args.requestStart;
  if (address === 0) return !limits.exceeded(bytes, run.count) && storePacked(database, args, "list", run, keyHash);
  const kind = record.kindOf(heap, address);
  if (kind === objectKind) {
    (database.objectOf(address) as ListChunks).pushAll(run.bytes, run.start, run.end, run.count, limits);
    return true;
  }
  if (kind !== packedKind) return false;
  const from = record.valueStartOf(heap, address);
  const length = record.valueLengthOf(heap, address);
  const count = packed.listCount(record.bytesOf(heap, address), from, from + length) + run.count;
  if (limits.exceeded(length - packed.listHeaderBytes + bytes, count)) return false;
  const resized = database.resizeValue(address, length + run.end - run.start, keyHash);
  const target = record.bytesOf(heap, resized);
  const to = record.valueStartOf(heap, resized);
  copyBytes(run.bytes, run.start, run.end, target, to + length);
  packed.setListCount(target, to, count);
  return true;
}

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
