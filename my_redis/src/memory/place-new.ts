/**
 * Places entries in free slots of a `RecordIndex`, up to one whose hash is there already; gives their number. It is one
 * loop without calls: the runtime compiles each function of a loop by itself, which takes longer than to add the keys of
 * a small snapshot.
 */
export function placeNew(slots: Int32Array, entries: Int32Array, first: number, count: number, stride: number): number {
  const mask = slots.length - 1;
  for (let done = 0, entry = first; done < count; done++, entry += stride) {
    const hash = entries[entry] as number;
    let at = (hash << 1) & mask;
    for (; slots[at + 1] !== 0; at = (at + 2) & mask) if (slots[at] === hash) return done;
    slots[at] = hash;
    slots[at + 1] = entries[entry + 1] as number;
  }
  return count;
}

/** How many entries come before the first whose hash is in the slots of a `RecordIndex`. */
export function countAbsent(
  slots: Int32Array,
  entries: Int32Array,
  first: number,
  count: number,
  stride: number,
): number {
  const mask = slots.length - 1;
  for (let done = 0, entry = first; done < count; done++, entry += stride) {
    const hash = entries[entry] as number;
    for (let at = (hash << 1) & mask; slots[at + 1] !== 0; at = (at + 2) & mask) if (slots[at] === hash) return done;
  }
  return count;
}
