import { hasWord } from "../../dispatch/has-word.ts";
import { command, type Run } from "../../dispatch/command.ts";
import { firstKey, keyAt } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import * as record from "../../memory/record.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError } from "../../protocol/command-error.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { readField, writeField } from "../../values/bits.ts";
import { stringBytes } from "../../collections/string-value.ts";
import { makeWritable, type WritableString } from "./bit-string.ts";
import { type FieldOperation, readOperations } from "./field-operations.ts";

export const bitField = command({
  name: "BITFIELD",
  group: "bitmap",
  since: "3.2.0",
  complexity: "O(1) for each operation",
  brief: true,
  summary: "Reads, sets and increments integers of any width in the bits of the string value of a key.",
  syntax:
    "key [(GET={encoding offset} | {[OVERFLOW=(WRAP | SAT | FAIL)] (SET={encoding offset value:integer} | " +
    "INCRBY={encoding offset increment:integer})})...]",
  flags: ["write", "denyoom"],
  keys: keyAt(1, "RW access update variable_flags"),
  keyAccess: (args) => (hasWord(args, 2, "set") || hasWord(args, 2, "incrby") ? "RW access update" : "RO access"),
  run: (context, args, reply) => runOperations(context, args, reply, readOperations(context, args)),
});

const runReadOnly: Run = (context, args, reply) => {
  const operations = readOperations(context, args);
  if (operations.some(({ kind }) => kind !== "get")) {
    throw new CommandError("ERR BITFIELD_RO only supports the GET subcommand");
  }
  runOperations(context, args, reply, operations);
};

export const bitFieldReadOnly = command({
  name: "BITFIELD_RO",
  group: "bitmap",
  since: "6.0.0",
  complexity: "O(1) for each operation",
  summary: "Reads integers of any width from the bits of the string value of a key.",
  syntax: "key [GET={encoding offset}...=]",
  flags: ["readonly", "fast"],
  keys: firstKey,
  run: runReadOnly,
});

function runOperations(
  context: Context,
  args: Arguments,
  reply: ReplyWriter,
  operations: readonly FieldOperation[],
): void {
  let lastWritten = -1;
  for (const { kind, offset, bits } of operations) {
    if (kind !== "get") lastWritten = Math.max(lastWritten, offset + bits - 1);
  }
  let target: WritableString;
  if (lastWritten >= 0) target = makeWritable(context, args, 1, lastWritten);
  else target = { address: context.database.readTyped(args, 1, record.valueType.string), grown: false };
  reply.array(operations.length);
  let changes = 0;
  for (const operation of operations) {
    if (operation.kind === "get") reply.int64(valueOf(context, target.address, operation));
    else if (change(context, target, operation, reply)) changes++;
  }
  if (changes > 0) context.database.changed(args, 1, "setbit", changes);
}

function valueOf(context: Context, address: number, { offset, bits, signed }: FieldOperation): bigint {
  const { bytes, start, end } = stringBytes(context.keyspace.heap, address);
  const value = readField(bytes, start, end, offset, bits);
  return signed ? BigInt.asIntN(bits, value) : value;
}

/** Does a SET or INCRBY. Returns true when it counts as a change. */
function change(context: Context, target: WritableString, operation: FieldOperation, reply: ReplyWriter): boolean {
  const { offset, bits, kind } = operation;
  const { heap } = context.keyspace;
  const before = valueOf(context, target.address, operation);
  const value = kind === "set" ? sum(operation, setValue(operation), 0n) : sum(operation, before, operation.operand);
  if (value === undefined) {
    reply.null();
    return false;
  }
  reply.int64(kind === "set" ? before : value);
  const start = record.valueStartOf(heap, target.address);
  writeField(record.bytesOf(heap, target.address), start, offset, bits, value);
  return target.grown || value !== before;
}

/** An unsigned field reads a negative number as the unsigned integer with the same 64 bits. */
const setValue = ({ signed, operand }: FieldOperation): bigint => (signed ? operand : BigInt.asUintN(64, operand));

/** value + increment, brought into the field's range; undefined when it overflows under OVERFLOW FAIL. */
function sum({ bits, signed, overflow }: FieldOperation, value: bigint, increment: bigint): bigint | undefined {
  const total = value + increment;
  const wrapped = signed ? BigInt.asIntN(bits, total) : BigInt.asUintN(bits, total);
  if (wrapped === total || overflow === "wrap") return wrapped;
  if (overflow === "fail") return undefined;
  const greatest = (1n << BigInt(signed ? bits - 1 : bits)) - 1n;
  const least = signed ? -greatest - 1n : 0n;
  if (total > greatest) return greatest;
  // Redis computes the distance to the maximum in 64 bits. Where that wraps, it saturates at the opposite end.
  return signed && bits < 64 && increment > BigInt.asIntN(64, greatest - value) ? greatest : least;
}
