import type { Json } from "./operation.ts";

/** The same text for equal values: objects are equal whatever the order of their fields. */
export function canonical(value: Json): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const entries = Object.entries(value as { readonly [name: string]: Json }).sort(([left], [right]) =>
    left < right ? -1 : 1,
  );
  return `{${entries.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join(",")}}`;
}
