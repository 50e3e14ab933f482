/** Up to this many bytes a loop is faster than a call into the engine. */
const maxLoopBytes = 16;
/** Works on any array of bytes. Unlike `set`, it needs no view of the part that is copied: 30 ns instead of 150. */
const copyNatively: (target: Uint8Array, to: number, start: number, end: number) => number = Buffer.prototype.copy;

/**
 * Copies source[start, end) to target at `to`. Within one array the content may overlap its new place only when it moves
 * towards the start.
 */
export function copyBytes(source: Uint8Array, start: number, end: number, target: Uint8Array, to: number): void {
  const length = end - start;
  if (length > maxLoopBytes) copyNatively.call(source, target, to, start, end);
  else for (let at = 0; at < length; at++) target[to + at] = source[start + at] as number;
}

/** A new array of `capacity` bytes that begins with bytes[start, end). */
export function withCapacity(capacity: number, bytes: Uint8Array, start: number, end: number): Uint8Array<ArrayBuffer> {
  const enlarged = new Uint8Array(capacity);
  copyBytes(bytes, start, end, enlarged, 0);
  return enlarged;
}
