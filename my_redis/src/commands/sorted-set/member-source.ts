import type { Context } from "../../dispatch/context.ts";
import * as record from "../../memory/record.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { SetValue } from "../../collections/set-value.ts";
import { SortedSetValue, type VisitMember } from "../../collections/sorted-set-value.ts";

/** A source of ZUNION and similar commands: a sorted set or a set. */
export interface MemberSource {
  readonly size: number;
  visit(visit: VisitMember): void;
  /** The score of a member; undefined when it is missing. */
  scoreOf(bytes: Uint8Array, start: number, end: number): number | undefined;
}

const noMembers: MemberSource = { size: 0, visit() {}, scoreOf: () => undefined };

/**
 * The members at the key in argument `index`. Members of a plain set have score 1. Throws WRONGTYPE for other values.
 */
export function readSource({ database, keyspace }: Context, args: Arguments, index: number): MemberSource {
  const address = database.read(args, index);
  if (address === 0) return noMembers;
  const type = record.typeOf(keyspace.heap, address);
  if (type === record.valueType.set) return sourceOfSet(new SetValue().attach(database, address));
  if (type !== record.valueType.sortedSet) throw new CommandError(errors.wrongType);
  const set = new SortedSetValue().attach(database, address);
  return {
    size: set.size,
    visit: (visit) => set.visit(0, set.size, false, visit),
    scoreOf: (bytes, start, end) => (set.find(bytes, start, end) ? set.score : undefined),
  };
}

const sourceOfSet = (set: SetValue): MemberSource => ({
  size: set.size,
  visit: (visit) => set.forEach(({ bytes, start, end }) => visit(bytes, start, end, 1)),
  scoreOf: (bytes, start, end) => (set.has(bytes, start, end) ? 1 : undefined),
});
