import { fstatSync } from "node:fs";
import { crc32 } from "node:zlib";
import { Arguments } from "../../protocol/arguments.ts";
import { isCutAnnotation } from "./cut-annotation.ts";
import type { IncompleteEnd } from "./log-loader.ts";
import { LogReader } from "./log-reader.ts";
import { isPartOfPredecessor } from "./predecessor.ts";
import { readAt } from "./read-at.ts";

const windowBytes = 1 << 20;
/** Longer than any checksum annotation, and than the first two lines of any command. */
const markBytes = 64;
/** Limits on the work for an end that seems to contain very many checksums or commands: then it counts as damaged. */
const maxSummedBytes = 2 ** 34;
const maxCommands = 100;

/**
 * The end of a log is incomplete. A crash leaves the beginning of what was being written, and nothing behind it. So
 * whatever is complete behind the place where reading stopped shows that bytes before it were changed. Returns what is
 * there, or undefined for a mere cut. A value that contains the bytes of a log can look like damage; then the operator
 * decides.
 */
export function findDamage(descriptor: number, end: IncompleteEnd): string | undefined {
  const { size } = fstatSync(descriptor);
  // Also where there are checksums: what redis-server, or a server with `aof-checksum no`, has added has none.
  return changedChecksum(descriptor, end, size) ?? intactChecksum(descriptor, end) ?? wholeCommand(descriptor, end);
}

/**
 * A checksum at the end must be the beginning of the right one. The beginning of another annotation may stand there, too,
 * and at the start of a file that of the one with which an increment begins.
 */
function changedChecksum(
  descriptor: number,
  { entryOffset, closing }: IncompleteEnd,
  size: number,
): string | undefined {
  const bytes = Buffer.alloc(Math.min(size - entryOffset, windowBytes));
  const text = bytes.toString("latin1", 0, readAt(descriptor, bytes, entryOffset));
  if (!text.startsWith("#") || closing?.startsWith(text) === true || isCutAnnotation(text)) return undefined;
  if (entryOffset === 0 && isPartOfPredecessor(text)) return undefined;
  return "its last line is no beginning of the checksum that belongs there, or of another annotation";
}

function intactChecksum(descriptor: number, { entryOffset, uncoveredOffset }: IncompleteEnd): string | undefined {
  let left = maxSummedBytes;
  for (const { offset, match } of places(
    descriptor,
    entryOffset,
    "#CRC32:",
    /^#CRC32:([0-9a-f]{8}):([0-9]{1,15})\r\n/,
  )) {
    const length = Number(match[2]);
    const start = offset - length;
    // The bytes that this checksum is for are all there, so nothing was cut off.
    if (start === uncoveredOffset) return `the checksum at offset ${offset} is for the bytes here, and is complete`;
    if (length === 0 || start < 0) continue;
    left -= length;
    if (left < 0) return "too many checksums follow to compare them all";
    if (sumOf(descriptor, start, length) === match[1]) return `an intact checksum follows at offset ${offset}`;
  }
  return undefined;
}

function wholeCommand(descriptor: number, { entryOffset }: IncompleteEnd): string | undefined {
  const args = new Arguments();
  let left = maxCommands;
  for (const { offset } of places(descriptor, entryOffset, "\r\n*", /^\r\n\*[0-9]{1,10}\r\n\$[0-9]{1,10}\r\n/)) {
    let position = offset + 2;
    const reader = new LogReader((target) => {
      const size = readAt(descriptor, target, position);
      position += size;
      return size;
    }, position);
    if (--left < 0 || reader.next(args) === "command") return `a complete command follows at offset ${offset + 2}`;
  }
  return undefined;
}

interface Place {
  readonly offset: number;
  readonly match: RegExpExecArray;
}

/** Where the rest of a file has this text, followed by what the pattern says, which begins with the text. */
function* places(descriptor: number, from: number, text: string, pattern: RegExp): Generator<Place, void> {
  const window = Buffer.alloc(windowBytes);
  for (let start = from, size = window.length; size === window.length; start += size - markBytes) {
    size = readAt(descriptor, window, start);
    const bytes = window.subarray(0, size);
    // A place in the last bytes of a full window is found again, whole, at the beginning of the next one.
    const limit = size === window.length ? size - markBytes : size;
    for (let at = bytes.indexOf(text); at >= 0 && at < limit; at = bytes.indexOf(text, at + 1)) {
      const match = pattern.exec(bytes.toString("latin1", at, at + markBytes));
      if (match !== null) yield { offset: start + at, match };
    }
  }
}

function sumOf(descriptor: number, start: number, length: number): string {
  const window = new Uint8Array(Math.min(length, windowBytes));
  let sum = 0;
  for (let done = 0; done < length;) {
    const size = readAt(descriptor, window.subarray(0, Math.min(window.length, length - done)), start + done);
    if (size === 0) break;
    sum = crc32(window.subarray(0, size), sum);
    done += size;
  }
  return sum.toString(16).padStart(8, "0");
}
