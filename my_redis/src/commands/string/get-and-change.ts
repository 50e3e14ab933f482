import { command } from "../../dispatch/command.ts";
import { firstKey, keyAt } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import { noExpiry } from "../../keyspace/database.ts";
import { hasExpiry, valueType } from "../../memory/record.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { getExOptions, option, readMoment, readOptions } from "./set-options.ts";
import { replyString, storeString } from "../../collections/string-value.ts";

export const getSet = command({
  name: "GETSET",
  group: "string",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Sets a key to a string, and returns the string that it held before.",
  syntax: "key value",
  flags: ["write", "denyoom", "fast"],
  keepsElements: true,
  keys: firstKey,
  run(context, args, reply) {
    const { database, keyspace } = context;
    const address = database.readTyped(args, 1, valueType.string);
    if (address === 0) reply.null();
    else replyString(keyspace.heap, address, reply);
    storeString(database, args, 1, 2, noExpiry);
    database.changed(args, 1, "set");
    if (context.logs) context.logAs("SET", args.view(1), args.view(2));
  },
});

export const getDel = command({
  name: "GETDEL",
  group: "string",
  since: "6.2.0",
  complexity: "O(1)",
  summary: "Returns the string value of a key, and removes the key.",
  syntax: "key",
  flags: ["write", "fast"],
  keepsElements: true,
  keys: keyAt(1, "RW access delete"),
  run(context, args, reply) {
    const { database, keyspace } = context;
    const address = database.readTyped(args, 1, valueType.string);
    if (address === 0) {
      reply.null();
      return;
    }
    replyString(keyspace.heap, address, reply);
    database.remove(address);
    database.changed(args, 1, "del");
    if (context.logs) context.logAs("DEL", args.view(1));
  },
});

export const getEx = command({
  name: "GETEX",
  group: "string",
  since: "6.2.0",
  complexity: "O(1)",
  summary: "Returns the string value of a key, and sets or removes its expiry.",
  syntax: "key [EX=seconds | PX=milliseconds | EXAT=unix-time-seconds | PXAT=unix-time-milliseconds | PERSIST]",
  flags: ["write", "fast"],
  keys: firstKey,
  run(context, args, reply) {
    const { flags, timeIndex } = readOptions(args, 2, getExOptions);
    const address = context.database.readTyped(args, 1, valueType.string);
    if (address === 0) {
      reply.null();
      return;
    }
    const atMs = timeIndex === 0 ? noExpiry : readMoment(context, args, flags, timeIndex);
    replyString(context.keyspace.heap, address, reply);
    if (timeIndex !== 0) expireAt(context, args, address, { atMs, named: (flags & (option.exAt | option.pxAt)) !== 0 });
    else if ((flags & option.persist) !== 0) persist(context, args, address);
  },
});

/** Only an expiry that the client stated can lie in the past. */
function expireAt(context: Context, args: Arguments, address: number, time: { atMs: number; named: boolean }): void {
  const { database } = context;
  if (time.named && time.atMs <= context.now && context.server.execution.removesPast) {
    database.remove(address);
    database.changed(args, 1, "del");
    if (context.logs) context.logAs("DEL", args.view(1));
    return;
  }
  database.setExpiry(address, time.atMs);
  database.changed(args, 1, "expire");
  if (context.logs) context.logAs("PEXPIREAT", args.view(1), BigInt(time.atMs));
}

function persist(context: Context, args: Arguments, address: number): void {
  if (!hasExpiry(context.keyspace.heap, address)) return;
  context.database.removeExpiry(address);
  context.database.changed(args, 1, "persist");
  if (context.logs) context.logAs("PERSIST", args.view(1));
}
