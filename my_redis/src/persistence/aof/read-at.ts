import { readSync } from "node:fs";

/** Reads from an offset of a file until `target` is full or the file ends. Returns the number of bytes. */
export function readAt(descriptor: number, target: Uint8Array, offset: number): number {
  let done = 0;
  while (done < target.length) {
    const size = readSync(descriptor, target, done, target.length - done, offset + done);
    if (size === 0) break;
    done += size;
  }
  return done;
}
