import { MalformedDraw, shown } from "./malformed.ts";

/**
 * JSON in the canonical form of RFC 8785: one text for one value. JavaScript writes strings and numbers as the RFC does; what is left is the
 * order of the names, which is that of their UTF-16 code units.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
    return `{${members.map(([name, member]) => `${canonicalJson(name)}:${canonicalJson(member)}`).join(",")}}`;
  }
  if (typeof value === "string" && /\p{Surrogate}/u.test(value)) {
    throw new MalformedDraw(`the text ${shown(value)} has a surrogate without its other half, which JSON cannot carry`);
  }
  if (value === null || ["string", "boolean"].includes(typeof value) || Number.isFinite(value)) {
    return JSON.stringify(value);
  }
  throw new MalformedDraw(`a ${typeof value} has no form in JSON`);
}
