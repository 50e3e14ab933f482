import { command, type CommandDefinition, type Run } from "../../dispatch/command.ts";
import { countedKeys, everyKey, keyAt, keysFrom } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import type { Address } from "../../memory/heap.ts";
import type { RecordTable } from "../../memory/record-table.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError } from "../../protocol/command-error.ts";
import { parseInt64 } from "../../protocol/number-text.ts";
import { intersectTables, subtractTables, uniteTables } from "./combine-tables.ts";
import { SetResult } from "./set-result.ts";
import type { ByteRange } from "../../memory/byte-range.ts";
import { readSet, SetValue } from "../../collections/set-value.ts";
import { OptionReader } from "../options/option-reader.ts";

type Operation = "intersection" | "union" | "difference";
/** The sets; undefined for a missing key. */
type Sets = readonly (SetValue | undefined)[];
/** Gets a member. A member of a large set comes with its entry and its hash in the set's table. */
type Visit = (member: ByteRange, entry?: Address, hash?: number) => void;

/** The sets at these arguments. Throws WRONGTYPE. */
function readSets(context: Context, args: Arguments, first: number, end: number): Sets {
  const sets: (SetValue | undefined)[] = [];
  for (let index = first; index < end; index++) sets.push(readSet(context.database, args, index, new SetValue()));
  return sets;
}

/** The tables of the sets when all are large; undefined when any is small. */
function tablesOf(sets: readonly SetValue[]): readonly RecordTable[] | undefined {
  const tables = sets.map(({ table }) => table).filter((table) => table !== undefined);
  return tables.length === sets.length ? tables : undefined;
}

const has = (set: SetValue, { bytes, start, end }: ByteRange): boolean => set.has(bytes, start, end);

const withText =
  (sets: readonly SetValue[], visit: Visit) =>
  (entry: Address, hash: number): void =>
    visit((sets[0] as SetValue).textOf(entry), entry, hash);

/** Visits the members that all sets contain, by walking the smallest set. */
function intersect(sets: Sets, visit: Visit, isDone: () => boolean = () => false): void {
  const present = sets.filter((set) => set !== undefined);
  if (present.length < sets.length) return;
  const tables = tablesOf(present);
  if (tables !== undefined) {
    intersectTables(tables, withText(present, visit), isDone);
    return;
  }
  const [smallest, ...others] = present.toSorted((one, other) => one.size - other.size);
  smallest?.forEach((member) => {
    if (!isDone() && others.every((other) => has(other, member))) visit(member);
  });
}

/** Visits the members of any set, each at the first set that contains it. */
function unite(sets: Sets, visit: Visit): void {
  const present = sets.filter((set) => set !== undefined);
  const tables = tablesOf(present);
  if (tables !== undefined) {
    uniteTables(tables, withText(present, visit));
    return;
  }
  for (const [number, set] of present.entries()) {
    const before = present.slice(0, number);
    if (before.some(({ address }) => address === set.address)) continue;
    set.forEach((member) => {
      if (!before.some((other) => has(other, member))) visit(member);
    });
  }
}

/** Visits the members of the first set that no other set contains. */
function subtract([first, ...others]: Sets, visit: Visit): void {
  if (first === undefined) return;
  const present = others.filter((set) => set !== undefined);
  const tables = tablesOf([first, ...present]);
  if (tables !== undefined) {
    subtractTables(tables, withText([first], visit));
    return;
  }
  first.forEach((member) => {
    if (!present.some((other) => has(other, member))) visit(member);
  });
}

const operations: Readonly<Record<Operation, (sets: Sets, visit: Visit) => void>> = {
  intersection: intersect,
  union: unite,
  difference: subtract,
};

const replyResult =
  (operation: Operation): Run =>
  (context, args, reply) => {
    const sets = readSets(context, args, 1, args.count);
    const begin = reply.beginArray();
    let count = 0;
    operations[operation](sets, ({ bytes, start, end }) => {
      reply.bulk(bytes, start, end);
      count++;
    });
    reply.endArray(begin, count, "set");
  };

const storeResult =
  (operation: Operation, event: string): Run =>
  (context, args, reply) => {
    const { database } = context;
    const sets = readSets(context, args, 2, args.count);
    const sizes = sets.map((set) => set?.size ?? 0);
    const result = new SetResult(context, operation === "union" ? Math.max(...sizes) : 0);
    operations[operation](sets, (member, entry, hash) => result.add(member, entry, hash));
    if (result.size === 0) {
      if (database.deleteEvenExpired(args, 1)) database.changed(args, 1, "del");
      reply.integer(0);
      return;
    }
    const existed = database.delete(args, 1);
    database.replacing(existed, () => result.store(args));
    database.changed(args, 1, event);
    reply.integer(result.size);
  };

const toReply = {
  group: "set",
  since: "1.0.0",
  syntax: "key...",
  flags: ["readonly"],
  keys: everyKey,
  tips: ["nondeterministic_output_order"],
} as const satisfies Partial<CommandDefinition>;

const toStore = {
  group: "set",
  since: "1.0.0",
  syntax: "destination:key key...",
  flags: ["write", "denyoom"],
  keepsElements: true,
} as const satisfies Partial<CommandDefinition>;

const intersectionCost = "O(N*M) for M sets of which the smallest has N members.";
const totalCost = "O(N) for N members in all sets.";

export const sinter = command({
  ...toReply,
  name: "SINTER",
  complexity: intersectionCost,
  summary: "Gives the members that all of the sets have.",
  run: replyResult("intersection"),
});

export const sunion = command({
  ...toReply,
  name: "SUNION",
  complexity: totalCost,
  summary: "Gives the members that any of the sets has.",
  run: replyResult("union"),
});

export const sdiff = command({
  ...toReply,
  name: "SDIFF",
  complexity: totalCost,
  summary: "Gives the members of the first set that none of the others has.",
  run: replyResult("difference"),
});

export const sinterstore = command({
  ...toStore,
  name: "SINTERSTORE",
  complexity: intersectionCost,
  summary: "Stores the members that all of the sets have.",
  keys: [keyAt(1, "RW update"), keysFrom(2, "RO access")],
  run: storeResult("intersection", "sinterstore"),
});

export const sunionstore = command({
  ...toStore,
  name: "SUNIONSTORE",
  complexity: totalCost,
  summary: "Stores the members that any of the sets has.",
  keys: [keyAt(1, "OW update"), keysFrom(2, "RO access")],
  run: storeResult("union", "sunionstore"),
});

export const sdiffstore = command({
  ...toStore,
  name: "SDIFFSTORE",
  complexity: totalCost,
  summary: "Stores the members of the first set that none of the others has.",
  keys: [keyAt(1, "OW update"), keysFrom(2, "RO access")],
  run: storeResult("difference", "sdiffstore"),
});

/** The number of keys, and the most members to count. */
function readCardinality(args: Arguments): { keyCount: number; limit: number } {
  const given = parseInt64(args.buffer, args.start(1), args.end(1));
  if (given === undefined || given < 1n) throw new CommandError("ERR numkeys should be greater than 0");
  if (given > BigInt(args.count - 2)) {
    throw new CommandError("ERR Number of keys can't be greater than number of args");
  }
  const keyCount = Number(given);
  let limit = 0;
  const options = new OptionReader(args, 2 + keyCount);
  while (options.next()) {
    if (!options.is("limit", 1)) options.refuse();
    limit = options.integer("ERR LIMIT can't be negative");
    if (limit < 0) throw new CommandError("ERR LIMIT can't be negative");
  }
  return { keyCount, limit: limit === 0 ? Infinity : limit };
}

export const sintercard = command({
  name: "SINTERCARD",
  group: "set",
  since: "7.0.0",
  complexity: intersectionCost,
  summary: "Counts the members that all of the sets have.",
  syntax: "numkeys key... [LIMIT=limit:integer]",
  flags: ["readonly"],
  keys: countedKeys(1),
  run(context, args, reply) {
    const { keyCount, limit } = readCardinality(args);
    let count = 0;
    const sets = readSets(context, args, 2, 2 + keyCount);
    intersect(
      sets,
      () => count++,
      () => count >= limit,
    );
    reply.integer(count);
  },
});
