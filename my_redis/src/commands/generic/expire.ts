import { command } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import { noExpiry } from "../../keyspace/database.ts";
import * as record from "../../memory/record.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError } from "../../protocol/command-error.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { addToMoment } from "../expiry-moment.ts";
import { OptionReader } from "../options/option-reader.ts";

const fields = {
  group: "generic",
  complexity: "O(1)",
  flags: ["write", "fast"],
  keepsElements: true,
  keys: keyAt(1, "RW update"),
} as const;

export const expire = command({
  ...fields,
  name: "EXPIRE",
  since: "1.0.0",
  summary: "Sets in how many seconds a key expires.",
  syntax: "key seconds [NX | XX | GT | LT]",
  run: (context, args, reply) => setExpiry(context, args, reply, 1000, context.now),
});

export const pexpire = command({
  ...fields,
  name: "PEXPIRE",
  since: "2.6.0",
  summary: "Sets in how many milliseconds a key expires.",
  syntax: "key milliseconds [NX | XX | GT | LT]",
  run: (context, args, reply) => setExpiry(context, args, reply, 1, context.now),
});

export const expireAt = command({
  ...fields,
  name: "EXPIREAT",
  since: "1.2.0",
  summary: "Sets the Unix time, in seconds, at which a key expires.",
  syntax: "key unix-time-seconds [NX | XX | GT | LT]",
  run: (context, args, reply) => setExpiry(context, args, reply, 1000, 0),
});

export const pexpireAt = command({
  ...fields,
  name: "PEXPIREAT",
  since: "2.6.0",
  summary: "Sets the Unix time, in milliseconds, at which a key expires.",
  syntax: "key unix-time-milliseconds [NX | XX | GT | LT]",
  run: (context, args, reply) => setExpiry(context, args, reply, 1, 0),
});

const nx = 1;
const xx = 2;
const gt = 4;
const lt = 8;

function setExpiry(context: Context, args: Arguments, reply: ReplyWriter, unitMs: number, baseMs: number): void {
  const { database } = context;
  const { heap } = context.keyspace;
  const condition = args.count > 3 ? readCondition(args) : 0;
  const atMs = addToMoment(context, args, 2, unitMs, baseMs);
  const address = database.write(args, 1);
  const currentMs = address !== 0 && record.hasExpiry(heap, address) ? record.expiryOf(heap, address) : noExpiry;
  if (address === 0 || !holds(condition, currentMs, atMs)) {
    reply.integer(0);
    return;
  }
  if (atMs <= context.now && context.server.execution.removesPast) {
    database.remove(address);
    database.changed(args, 1, "del");
    if (context.logs) context.logAs("DEL", args.view(1));
  } else {
    database.setExpiry(address, Math.max(0, atMs));
    database.changed(args, 1, "expire");
    if (context.logs) logMoment(context, args, atMs);
  }
  reply.integer(1);
}

/** Whether NX, XX, GT and LT allow the new expiry. A key without an expiry counts as one that never expires. */
function holds(condition: number, currentMs: number, atMs: number): boolean {
  if ((condition & nx) !== 0 && currentMs !== noExpiry) return false;
  if ((condition & xx) !== 0 && currentMs === noExpiry) return false;
  if ((condition & gt) !== 0 && (currentMs === noExpiry || atMs <= currentMs)) return false;
  return (condition & lt) === 0 || currentMs === noExpiry || atMs < currentMs;
}

function readCondition(args: Arguments): number {
  let condition = 0;
  const options = new OptionReader(args, 3);
  while (options.next()) {
    if (options.is("nx")) condition |= nx;
    else if (options.is("xx")) condition |= xx;
    else if (options.is("gt")) condition |= gt;
    else if (options.is("lt")) condition |= lt;
    else throw new CommandError(`ERR Unsupported option ${args.latin1(options.index)}`);
  }
  if ((condition & nx) !== 0 && condition !== nx) {
    throw new CommandError("ERR NX and XX, GT or LT options at the same time are not compatible");
  }
  if ((condition & gt) !== 0 && (condition & lt) !== 0) {
    throw new CommandError("ERR GT and LT options at the same time are not compatible");
  }
  return condition;
}

/** Logs the moment itself. The options stay behind it, as in Redis's own log. */
function logMoment(context: Context, args: Arguments, atMs: number): void {
  const options: Uint8Array[] = [];
  for (let index = 3; index < args.count; index++) options.push(args.view(index));
  context.logAs("PEXPIREAT", args.view(1), BigInt(atMs), ...options);
}
