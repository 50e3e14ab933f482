import { BlockReader } from "./block-reader.ts";
import { IdPlace } from "./id-map.ts";
import type { Stream } from "./stream.ts";
import type { StreamId } from "./stream-id.ts";

/** How a stream is trimmed at its front: to a number of entries, or to a lowest id. */
export interface Trim {
  /** Live entries to keep; undefined to trim by `minId`. */
  readonly maxLength: number | undefined;
  readonly minId: StreamId;
  /** Whether only whole blocks are removed. */
  readonly approximate: boolean;
  /** The greatest number of entries to remove; 0 for no limit. */
  readonly limit: number;
}

const reader = new BlockReader();
const place = new IdPlace();

/** Trims a stream, block by block as Redis does; gives the number of removed entries. */
export function trimStream(stream: Stream, trim: Trim): number {
  const { blocks } = stream;
  let removed = 0;
  let more = blocks.index.first(place);
  while (more && (trim.maxLength === undefined || stream.length > trim.maxLength)) {
    blocks.read(place, reader);
    const entries = reader.liveCount;
    if (trim.limit > 0 && removed + entries > trim.limit) break;
    if (isWhollyOver(stream, trim)) {
      more = blocks.remove(place);
      stream.length -= entries;
      removed += entries;
    } else {
      if (!trim.approximate) removed += trimBlock(stream, trim);
      break;
    }
  }
  if (removed > 0) stream.findFirst();
  return removed;
}

/** Whether no entry of the current block is to stay. */
function isWhollyOver(stream: Stream, trim: Trim): boolean {
  if (trim.maxLength !== undefined) return stream.length - reader.liveCount >= trim.maxLength;
  const last = reader.entryBefore(reader.end);
  return last >= 0 && reader.read(last) && reader.id.compare(trim.minId) < 0;
}

/** Removes the first entries of the current block. An empty block stays, as in Redis. */
function trimBlock(stream: Stream, trim: Trim): number {
  const starts: number[] = [];
  for (let at = reader.entriesStart; reader.read(at); at = reader.entryEnd) {
    if (trim.maxLength === undefined) {
      if (reader.id.compare(trim.minId) >= 0) break;
    } else if (stream.length - starts.length <= trim.maxLength) {
      break;
    }
    if (!reader.deleted) starts.push(reader.entryStart);
  }
  if (starts.length > 0) stream.blocks.markDeleted(place, reader, starts);
  stream.length -= starts.length;
  return starts.length;
}
