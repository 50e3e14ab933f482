import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import type { HashValue } from "../../collections/hash-value.ts";

/** Fields whose expiry a command set or removed, and fields that it deleted because their new expiry had passed. */
export interface EndedFields {
  readonly changed: Uint8Array[];
  readonly removed: Uint8Array[];
}

export const noFields = (): EndedFields => ({ changed: [], removed: [] });

/** Sets the expiry of an existing field. An expiry in the past deletes the field and returns true. */
export function endField(
  context: Context,
  args: Arguments,
  index: number,
  { hash, atMs, ended }: { readonly hash: HashValue; readonly atMs: number; readonly ended: EndedFields },
): boolean {
  const start = args.start(index);
  const end = args.end(index);
  // Where a log or a primary says so, fields stay: their expiry lay in the future when it was written.
  if (atMs <= context.now && context.server.execution.removesPast) {
    hash.delete(args.buffer, start, end);
    ended.removed.push(args.view(index));
    return true;
  }
  hash.setTime(args.buffer, start, end, Math.max(atMs, 1));
  ended.changed.push(args.view(index));
  return false;
}

/** Logs the deleted fields and the expiry of the others. */
export function logEnded(context: Context, args: Arguments, { changed, removed }: EndedFields, atMs: number): void {
  if (!context.logs) return;
  if (removed.length > 0) context.logAs("HDEL", args.view(1), ...removed);
  if (changed.length > 0) context.logAs("HPEXPIREAT", args.view(1), atMs, "FIELDS", changed.length, ...changed);
}
