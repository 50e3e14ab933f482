import type { Address } from "../../memory/heap.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { readCursor } from "../../protocol/scan-cursor.ts";
import { type OwnScanOption, readScanOptions, type ScanOptions } from "./scan-options.ts";
import { type Scannable, scanStep } from "./scan-step.ts";

/** How the elements of one type of collection are scanned: HSCAN, SSCAN, ZSCAN. */
export interface CollectionScan<Collection> {
  readonly option: OwnScanOption;
  /** The table of a large collection. A small one has no table and is returned in one piece. */
  readonly tableOf: (collection: Collection) => Scannable | undefined;
  /** Writes all matching elements. Returns how many values it wrote. */
  readonly replyAll: (collection: Collection, options: ScanOptions, reply: ReplyWriter) => number;
  /** Writes one element of the table if it matches. Returns how many values it wrote. */
  readonly replyEntry: (collection: Collection, address: Address, options: ScanOptions, reply: ReplyWriter) => number;
}

/** Replies with the next cursor and some of the elements. `find` looks the collection up and may throw WRONGTYPE. */
export function replyScan<Collection>(
  args: Arguments,
  reply: ReplyWriter,
  find: () => Collection | undefined,
  scan: CollectionScan<Collection>,
): void {
  const from = readCursor(args, 2);
  const collection = find();
  reply.array(2);
  if (collection === undefined) {
    // As in Redis, options are not validated when the key is missing.
    reply.bulkInteger(0);
    reply.array(0);
    return;
  }
  const options = readScanOptions(args, 3, scan.option);
  const table = scan.tableOf(collection);
  const step = table === undefined ? undefined : scanStep(table, from, options.count);
  reply.bulkInteger(step?.cursor ?? 0);
  const begin = reply.beginArray();
  let count = 0;
  if (step === undefined) count = scan.replyAll(collection, options, reply);
  else for (const address of step.visited) count += scan.replyEntry(collection, address, options, reply);
  reply.endArray(begin, count);
}
