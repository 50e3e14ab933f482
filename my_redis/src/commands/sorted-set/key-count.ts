import type { Arguments } from "../../protocol/arguments.ts";

/** Positions of keys that follow on their number, which stands at `index`; none where it is no number that fits. */
export function countedKeys(args: Arguments, index: number): number[] {
  const count = Number(args.latin1(index));
  if (!Number.isInteger(count) || count < 1 || count > args.count - index - 1) return [];
  return Array.from({ length: count }, (_, number) => index + 1 + number);
}
