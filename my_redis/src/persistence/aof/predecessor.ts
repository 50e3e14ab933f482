import { crc32 } from "node:zlib";
import { beginningOf } from "./cut-annotation.ts";

/**
 * An increment begins with an annotation about the increment that was written before it, which redis-server skips:
 * "#AFTER:<sequence>:<bytes>:<8 hexadecimal digits>". A file that lost its end exactly between two writes looks complete;
 * the size that it had shows the loss.
 */
const prefix = "AFTER:";

/** An increment as it was when the next one was begun. */
export interface Predecessor {
  readonly sequence: number;
  readonly bytes: number;
  /** The sum of all its checksums, by `addToSum`. */
  readonly sum: number;
}

/** Where an increment is continued. */
export interface IncrementEnd extends Predecessor {
  /** The increment before it; undefined when there is none. */
  readonly predecessor: Predecessor | undefined;
}

/** The annotation, with its line end. */
export const predecessorAnnotation = ({ sequence, bytes, sum }: Predecessor): string =>
  `#${prefix}${sequence}:${bytes}:${sumText(sum)}\r\n`;

export const sumText = (sum: number): string => sum.toString(16).padStart(8, "0");

/** The sum of a file's checksums after one more; `checksum` is the text of its annotation without "#" and line end. */
export const addToSum = (sum: number, checksum: string): number => crc32(checksum, sum);

/** What an annotation says, given without "#" and line end; undefined when it is another one. */
export function parsePredecessor(annotation: string): Predecessor | undefined {
  const [, sequence, bytes, sum] = /^AFTER:(\d{1,15}):(\d{1,15}):([0-9a-f]{8})$/.exec(annotation) ?? [];
  if (sequence === undefined || bytes === undefined || sum === undefined) return undefined;
  return { sequence: Number(sequence), bytes: Number(bytes), sum: Number.parseInt(sum, 16) };
}

const beginning = beginningOf([`#${prefix}`, /\d{0,15}/, ":", /\d{0,15}/, ":", /[0-9a-f]{0,8}/, "\r"]);

/** Whether a text may be the beginning of such an annotation, with its "#". */
export const isPartOfPredecessor = (text: string): boolean => beginning.test(text);
