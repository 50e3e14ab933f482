import { writeSync } from "node:fs";

/** Writes all bytes at the file's position: the system may take only a part of them at once. Throws the system's error. */
export function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done, bytes.length - done);
}
