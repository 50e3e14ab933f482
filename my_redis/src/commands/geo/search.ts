import type { Run } from "../../dispatch/command.ts";
import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { bitsOf, type Cell, type Coordinates, coordinatesOf, firstScore } from "../../values/geo/geohash.ts";
import { cellsToSearch, distanceWithin, type Shape } from "../../values/geo/search-area.ts";
import { SortedSetBuilder } from "../sorted-set/sorted-set-builder.ts";
import { readSortedSet, type SortedSetValue } from "../../collections/sorted-set-value.ts";
import { replyDistance, replyPlace } from "./place-argument.ts";
import { readSearch, type SearchForm, type SearchOptions, shapeOf } from "./search-options.ts";

interface Found {
  readonly member: Uint8Array;
  readonly score: number;
  readonly place: Coordinates;
  /** Distance from the center, in meters. */
  readonly distance: number;
}

/** Adds the members of one cell that lie within the shape, until `most` are found. */
function searchCell(set: SortedSetValue, cell: Cell, shape: Shape, most: number, found: Found[]): void {
  const bits = bitsOf(cell);
  const from = set.countBelow(firstScore(bits, cell.step), false);
  const to = set.countBelow(firstScore(bits + 1, cell.step), false);
  set.visit(from, to, false, (bytes, start, end, score) => {
    if (found.length >= most) return;
    const place = coordinatesOf(score);
    const distance = distanceWithin(shape, place);
    if (distance !== undefined) found.push({ member: bytes.slice(start, end), score, place, distance });
  });
}

function search(set: SortedSetValue, options: SearchOptions): Found[] {
  const shape = shapeOf(options);
  const { count, any } = options;
  const found: Found[] = [];
  const most = any ? count : Number.POSITIVE_INFINITY;
  for (const cell of cellsToSearch(shape)) {
    if (found.length < most) searchCell(set, cell, shape, most, found);
  }
  // COUNT without ANY returns the nearest members, so the result must be sorted.
  const order = options.order === "none" && count > 0 && !any ? "ascending" : options.order;
  if (order === "ascending") found.sort((one, other) => one.distance - other.distance);
  else if (order === "descending") found.sort((one, other) => other.distance - one.distance);
  return count > 0 ? found.slice(0, count) : found;
}

function replyFound(reply: ReplyWriter, all: readonly Found[], options: SearchOptions): void {
  const { withDistance, withHash, withPlace, unit } = options;
  const parts = 1 + Number(withDistance) + Number(withHash) + Number(withPlace);
  reply.array(all.length);
  for (const { member, score, place, distance } of all) {
    if (parts > 1) reply.array(parts);
    reply.bulk(member);
    if (withDistance) replyDistance(reply, distance / unit);
    if (withHash) reply.int64(BigInt(Math.trunc(score)));
    if (withPlace) replyPlace(reply, place);
  }
}

function store(
  context: Context,
  args: Arguments,
  all: readonly Found[],
  options: SearchOptions,
  event: string,
): number {
  const built = new SortedSetBuilder(context);
  for (const { member, score, distance } of all) {
    built.add(member, 0, member.length, options.storesDistance ? distance / options.unit : score);
  }
  return built.store(args, options.target, event, built.size);
}

/** Runs one of the commands: searches, then replies with the result or stores it. */
export const runSearch =
  (form: SearchForm): Run =>
  (context, args, reply) => {
    const set = readSortedSet(context.database, args, form.source);
    const options = readSearch(args, form, set);
    const all = set === undefined ? [] : search(set, options);
    if (options.target === 0) replyFound(reply, all, options);
    else {
      const event = form.kind === "search" ? "geosearchstore" : "georadiusstore";
      reply.integer(store(context, args, all, options, event));
    }
  };
