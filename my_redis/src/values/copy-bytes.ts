/** Copies source[start, end) to target at `to`. Short copies run as a loop: a call into the engine costs more. */
export function copyBytes(source: Uint8Array, start: number, end: number, target: Uint8Array, to: number): void {
  if (end - start <= 48) {
    for (let at = start; at < end; at++) target[to++] = source[at] as number;
  } else if (source === target) {
    // Within one array no view is needed, which would be an object for the collector.
    target.copyWithin(to, start, end);
  } else {
    target.set(source.subarray(start, end), to);
  }
}
