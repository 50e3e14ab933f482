import { command } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import type { Address } from "../../memory/heap.ts";
import type { RecordTable } from "../../memory/record-table.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { maxInt64 } from "../../protocol/number-text.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { ElementText, elementSize } from "../../values/packed-element.ts";
import * as list from "../../values/packed-list.ts";
import { drawRepeatedly } from "../repeated-draws.ts";
import { readHash } from "../../collections/hash-key.ts";
import type { HashValue } from "../../collections/hash-value.ts";

/**
 * Up to this share of a table, distinct fields are found by repeated draws. Larger samples are taken from a list of all
 * fields.
 */
const drawFromListShare = 1 / 3;

type Random = () => number;
const text = new ElementText();

/**
 * Draws fields of a hash, packed or not. A draw returns a place: an offset in the packed list, or a record's address.
 */
class FieldDraw {
  readonly #hash: HashValue;
  readonly #random: Random;

  constructor(hash: HashValue, random: Random) {
    this.#hash = hash;
    this.#random = random;
  }

  /** Returns a function that draws any field at each call. */
  any(): () => number {
    const { table, hasDue } = this.#hash;
    if (table !== undefined && !hasDue) return () => table.random(this.#random);
    const places = this.#places();
    return () => places[Math.floor(this.#random() * places.length)] as number;
  }

  /** Visits `count` distinct fields, or all if there are fewer. Fields of a packed hash keep their order. */
  distinct(count: number, visit: (place: number) => void): void {
    const { table, hasDue } = this.#hash;
    if (table === undefined || hasDue || count > table.size * drawFromListShare) {
      this.#chooseInOrder(this.#places(), count, visit);
    } else {
      this.#drawDistinct(table, count).forEach(visit);
    }
  }

  /** Selection sampling (Knuth, The Art of Computer Programming, 3.4.2 S): every subset is equally likely. */
  #chooseInOrder(places: readonly number[], count: number, visit: (place: number) => void): void {
    let wanted = Math.min(count, places.length);
    for (let index = 0; wanted > 0; index++) {
      if (this.#random() * (places.length - index) >= wanted) continue;
      visit(places[index] as number);
      wanted--;
    }
  }

  #drawDistinct(table: RecordTable, count: number): Set<Address> {
    const drawn = new Set<Address>();
    while (drawn.size < count) drawn.add(table.random(this.#random));
    return drawn;
  }

  #places(): number[] {
    const hash = this.#hash;
    const places: number[] = [];
    hash.table?.forEach((address) => {
      if (!hash.isDue(address)) places.push(address);
    });
    if (hash.table !== undefined) return places;
    const { bytes, start, end, isTimed } = hash;
    for (let at = list.firstElement(start); at < end;) {
      places.push(at);
      at += elementSize(bytes, at);
      at += elementSize(bytes, at);
      if (isTimed) at += elementSize(bytes, at);
    }
    return places;
  }

  replyField(reply: ReplyWriter, place: number): void {
    const hash = this.#hash;
    const { bytes, start, end } = hash.table === undefined ? text.read(hash.bytes, place) : hash.fieldOf(place);
    reply.bulk(bytes, start, end);
  }

  replyValue(reply: ReplyWriter, place: number): void {
    const hash = this.#hash;
    const packed = hash.bytes;
    const range =
      hash.table === undefined ? text.read(packed, place + elementSize(packed, place)) : hash.valueOf(place);
    reply.bulk(range.bytes, range.start, range.end);
  }
}

/** Reads the count and whether values are requested. */
function readOptions(args: Arguments): { count: number; withValues: boolean } {
  const count = args.int64(2);
  if (count < -maxInt64) {
    throw new CommandError(`ERR value is out of range, value must between -${maxInt64} and ${maxInt64}`);
  }
  const withValues = args.count === 4 && args.is(3, "withvalues");
  if (args.count > 4 || (args.count === 4 && !withValues)) throw new CommandError(errors.syntax);
  const most = maxInt64 / 2n;
  if (withValues && (count < -most || count > most)) throw new CommandError("ERR value is out of range");
  return { count: Number(count), withValues };
}

function replyMany(
  draw: FieldDraw,
  size: number,
  options: { count: number; withValues: boolean },
  reply: ReplyWriter,
): void {
  const { count, withValues } = options;
  const total = count < 0 ? -count : Math.min(count, size);
  const inPairs = withValues && reply.protocol === 3;
  reply.array(withValues && !inPairs ? total * 2 : total);
  const visit = (place: number): void => {
    if (inPairs) reply.array(2);
    draw.replyField(reply, place);
    if (withValues) draw.replyValue(reply, place);
  };
  if (count >= 0) {
    draw.distinct(total, visit);
    return;
  }
  const drawOne = draw.any();
  drawRepeatedly(total, reply, () => visit(drawOne()));
}

export const hrandfield = command({
  name: "HRANDFIELD",
  group: "hash",
  since: "6.2.0",
  complexity: "O(N) for N fields that are given.",
  summary: "Gives random fields of a hash: distinct ones, or with a negative count possibly repeated ones.",
  syntax: "key [count [WITHVALUES]]",
  flags: ["readonly"],
  keys: firstKey,
  tips: ["nondeterministic_output"],
  run(context, args, reply) {
    const options = args.count > 2 ? readOptions(args) : undefined;
    const hash = readHash(context.database, args);
    if (hash === undefined || options?.count === 0) {
      if (options === undefined) reply.null();
      else reply.array(0);
      return;
    }
    const draw = new FieldDraw(hash, context.keyspace.environment.random);
    if (options === undefined) draw.replyField(reply, draw.any()());
    else replyMany(draw, hash.size, options, reply);
  },
});
