import { canonical } from "../history/canonical.ts";
import type { Json } from "../history/operation.ts";

/** Equal for equal JSON values, as keys of a Map are. Objects are equal whatever the order of their fields. */
export function valueIdentity(value: Json): string | number | boolean | null {
  if (typeof value === "object" && value !== null) return `\0json ${canonical(value)}`;
  // A string that looks like the identity of an object must not be mistaken for it.
  return typeof value === "string" && value.startsWith("\0") ? `\0text ${value}` : value;
}

export const areEqual = (left: Json, right: Json): boolean =>
  left === right || valueIdentity(left) === valueIdentity(right);
