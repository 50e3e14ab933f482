import { Arguments } from "./arguments.ts";

/** A copy of where the arguments of an unfinished request lie. */
export function saved(args: Arguments): Arguments {
  const copy = new Arguments();
  copy.starts = args.starts.slice(0, Math.max(args.count, 16));
  copy.ends = args.ends.slice(0, Math.max(args.count, 16));
  copy.count = args.count;
  return copy;
}

/** Puts a copy back, for the same bytes in `buffer`. */
export function restore(args: Arguments, from: Arguments, buffer: Uint8Array): void {
  args.reset(buffer);
  for (let index = 0; index < from.count; index++) args.push(from.start(index), from.end(index));
}
