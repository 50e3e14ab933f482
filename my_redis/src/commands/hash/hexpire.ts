import { command, type CommandDefinition, type Run } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { type EndedFields, endField, logEnded, noFields } from "./end-field.ts";
import { readFields, readFieldTime, type TimeForm, timeForms } from "./field-arguments.ts";
import { findHash } from "../../collections/hash-key.ts";
import type { HashValue } from "../../collections/hash-value.ts";

const shared = {
  group: "hash",
  since: "7.4.0",
  complexity: "O(N) for N fields.",
  flags: ["write", "denyoom", "fast"],
  keys: firstKey,
} as const satisfies Partial<CommandDefinition>;

/** The reply for each field. */
const outcome = { noField: -2, notMet: 0, changed: 1, removed: 2 } as const;

type Condition = "nx" | "xx" | "gt" | "lt";
const conditions: readonly Condition[] = ["nx", "xx", "gt", "lt"];

/** Whether the condition allows the new expiry. A field without an expiry counts as one that never expires. */
function holds(condition: Condition | undefined, currentMs: number, atMs: number): boolean {
  switch (condition) {
    case "nx":
      return currentMs === 0;
    case "xx":
      return currentMs !== 0;
    case "gt":
      return currentMs !== 0 && atMs > currentMs;
    case "lt":
      return currentMs === 0 || atMs < currentMs;
    default:
      return true;
  }
}

const setTimes =
  (form: TimeForm): Run =>
  (context, args, reply) => {
    const hash = findHash(context.database, args);
    const atMs = readFieldTime(context, args, 2, form);
    const condition = conditions.find((each) => args.is(3, each));
    const first = readFields(
      args,
      condition === undefined ? 3 : 4,
      "ERR Parameter `numFields` should be greater than 0",
    );
    const ended = noFields();
    reply.array(args.count - first);
    for (let index = first; index < args.count; index++) {
      reply.integer(
        hash === undefined ? outcome.noField : setTime(context, args, index, { hash, atMs, condition, ended }),
      );
    }
    if (hash !== undefined) tell(context, args, hash, ended);
    logEnded(context, args, ended, atMs);
  };

interface FieldTime {
  readonly hash: HashValue;
  readonly atMs: number;
  readonly condition: Condition | undefined;
  readonly ended: EndedFields;
}

function setTime(context: Context, args: Arguments, index: number, time: FieldTime): number {
  const currentMs = time.hash.timeOf(args.buffer, args.start(index), args.end(index));
  if (currentMs === undefined) return outcome.noField;
  if (!holds(time.condition, currentMs, time.atMs)) return outcome.notMet;
  return endField(context, args, index, time) ? outcome.removed : outcome.changed;
}

function tell({ database }: Context, args: Arguments, hash: HashValue, { changed, removed }: EndedFields): void {
  if (changed.length + removed.length === 0) return;
  database.changed(args, 1, removed.length > 0 ? "hdel" : "hexpire");
  hash.deleteIfEmpty(args, 1);
}

export const hexpire = command({
  ...shared,
  name: "HEXPIRE",
  summary: "Sets in how many seconds fields of a hash expire.",
  syntax: "key seconds [NX | XX | GT | LT] FIELDS={numfields:integer field...}",
  run: setTimes(timeForms.ex),
});

export const hpexpire = command({
  ...shared,
  name: "HPEXPIRE",
  summary: "Sets in how many milliseconds fields of a hash expire.",
  syntax: "key milliseconds [NX | XX | GT | LT] FIELDS={numfields:integer field...}",
  run: setTimes(timeForms.px),
});

export const hexpireat = command({
  ...shared,
  name: "HEXPIREAT",
  summary: "Sets the Unix time, in seconds, at which fields of a hash expire.",
  syntax: "key unix-time-seconds [NX | XX | GT | LT] FIELDS={numfields:integer field...}",
  run: setTimes(timeForms.exat),
});

export const hpexpireat = command({
  ...shared,
  name: "HPEXPIREAT",
  summary: "Sets the Unix time, in milliseconds, at which fields of a hash expire.",
  syntax: "key unix-time-milliseconds [NX | XX | GT | LT] FIELDS={numfields:integer field...}",
  run: setTimes(timeForms.pxat),
});
