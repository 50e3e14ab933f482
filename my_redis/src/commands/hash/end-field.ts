import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import type { HashValue } from "../../collections/hash-value.ts";

/** Fields that a command gave a time to, or took theirs, and fields that it removed because their new time is over. */
export interface EndedFields {
  readonly changed: Uint8Array[];
  readonly removed: Uint8Array[];
}

export const noFields = (): EndedFields => ({ changed: [], removed: [] });

/** Gives a field that there is a time; removes it when that is over, in which case the result is true. */
export function endField(
  context: Context,
  args: Arguments,
  index: number,
  { hash, atMs, ended }: { readonly hash: HashValue; readonly atMs: number; readonly ended: EndedFields },
): boolean {
  const start = args.start(index);
  const end = args.end(index);
  // What a log says was not over when it was written.
  if (atMs <= context.now && !context.server.execution.isLoading) {
    hash.delete(args.buffer, start, end);
    ended.removed.push(args.view(index));
    return true;
  }
  hash.setTime(args.buffer, start, end, Math.max(atMs, 1));
  ended.changed.push(args.view(index));
  return false;
}

/** Logs what became of the fields: those that were removed, and the moment of the others. */
export function logEnded(context: Context, args: Arguments, { changed, removed }: EndedFields, atMs: number): void {
  if (!context.logs) return;
  if (removed.length > 0) context.logAs("HDEL", args.view(1), ...removed);
  if (changed.length > 0) context.logAs("HPEXPIREAT", args.view(1), atMs, "FIELDS", changed.length, ...changed);
}
