import { command } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { type EndedFields, endField, logEnded, noFields } from "./end-field.ts";
import { readFields, readFieldTime, timeFormOf } from "./field-arguments.ts";
import { replyValues } from "./reply-values.ts";
import { findHash } from "../../collections/hash-key.ts";
import type { HashValue } from "../../collections/hash-value.ts";
import { OptionReader } from "../options/option-reader.ts";

/** The new expiry of the fields that are read, or that it is removed; undefined when it does not change. */
type Change = number | "persist" | undefined;

function readChange(context: Context, args: Arguments): { change: Change; fieldsAt: number } {
  const options = new OptionReader(args, 2);
  options.next();
  if (options.is("persist")) return { change: "persist", fieldsAt: 3 };
  const form = timeFormOf(options);
  if (form === undefined) return { change: undefined, fieldsAt: 2 };
  return { change: readFieldTime(context, args, options.value(), form), fieldsAt: 4 };
}

export const hgetex = command({
  name: "HGETEX",
  group: "hash",
  since: "8.0.0",
  complexity: "O(N) for N fields.",
  summary: "Gives the values of fields of a hash, and sets or removes the fields' expiry.",
  syntax:
    "key [EX=seconds | PX=milliseconds | EXAT=unix-time-seconds | PXAT=unix-time-milliseconds | PERSIST] " +
    "FIELDS={numfields:integer field...}",
  flags: ["write", "fast"],
  keys: firstKey,
  run(context, args, reply) {
    const hash = findHash(context.database, args);
    const { change, fieldsAt } = readChange(context, args);
    const first = readFields(args, fieldsAt);
    const ended = noFields();
    replyValues(hash, args, first, reply, (found, index) => {
      if (change === "persist") persist(args, index, found, ended);
      else if (change !== undefined) endField(context, args, index, { hash: found, atMs: change, ended });
    });
    if (hash !== undefined) tell(context, args, hash, { change, ended });
  },
});

function persist(args: Arguments, index: number, hash: HashValue, ended: EndedFields): void {
  if (hash.timeOf(args.buffer, args.start(index), args.end(index)) === 0) return;
  hash.setTime(args.buffer, args.start(index), args.end(index), 0);
  ended.changed.push(args.view(index));
}

function tell(
  context: Context,
  args: Arguments,
  hash: HashValue,
  { change, ended }: { readonly change: Change; readonly ended: EndedFields },
): void {
  const { changed, removed } = ended;
  if (change === undefined || changed.length + removed.length === 0) return;
  const event = changed.length === 0 ? "hdel" : change === "persist" ? "hpersist" : "hexpire";
  context.database.changed(args, 1, event);
  hash.deleteIfEmpty(args, 1);
  if (change !== "persist") logEnded(context, args, ended, change);
  else if (context.logs) context.logAs("HPERSIST", args.view(1), "FIELDS", changed.length, ...changed);
}
