/** Up to this many bytes a loop is faster than a call into the engine. */
const maxLoopBytes = 48;

/**
 * Copies source[start, end) to target at `to`. Within one array the content may overlap its new place only when it moves
 * towards the start.
 */
export function copyBytes(source: Uint8Array, start: number, end: number, target: Uint8Array, to: number): void {
  const length = end - start;
  if (length > maxLoopBytes) {
    copyMany(source, start, end, target, to);
    return;
  }
  for (let at = 0; at < length; at++) target[to + at] = source[start + at] as number;
}

/** A new array of `capacity` bytes that begins with bytes[start, end). */
export function withCapacity(capacity: number, bytes: Uint8Array, start: number, end: number): Uint8Array<ArrayBuffer> {
  const enlarged = new Uint8Array(capacity);
  copyBytes(bytes, start, end, enlarged, 0);
  return enlarged;
}

function copyMany(source: Uint8Array, start: number, end: number, target: Uint8Array, to: number): void {
  // Within one array no view is needed, which would be an object for the collector.
  if (source === target) target.copyWithin(to, start, end);
  else target.set(source.subarray(start, end), to);
}
