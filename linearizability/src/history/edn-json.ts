import { type Edn, EdnAtom, type EdnList, type EdnMap, Keyword } from "./edn.ts";
import type { Json } from "./operation.ts";
import { canonical } from "./canonical.ts";

export const isMap = (value: Edn | undefined): value is EdnMap => isForm(value) && "entries" in value;

export const isList = (value: Edn | undefined): value is EdnList => isForm(value) && "items" in value;

const isForm = (value: Edn | undefined): value is Exclude<Edn, string | number | boolean | Keyword | EdnAtom | null> =>
  typeof value === "object" && value !== null && "line" in value;

/**
 * A value as JSON. Equal values give equal JSON, and different values different JSON, so what JSON has not becomes an
 * object whose only field has a space in its name, as no keyword has:
 *
 * - a keyword is its name with a colon; a string that begins with a colon is `{"a string": ":name"}`;
 * - a map is an object, whose fields are the names of keywords; another key is written as JSON in brackets: `["key"]`;
 * - a set is `{"a set": [...]}`, with its members in one order, and a tagged value `{"tagged inst": value}`;
 * - others are `{"as EDN": "22/7"}`.
 */
export function jsonOf(value: Edn): Json {
  if (typeof value === "string") return value.startsWith(":") ? { "a string": value } : value;
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Keyword) return `:${value.name}`;
  if (value instanceof EdnAtom) return { "as EDN": value.text };
  if ("items" in value) return value.items.map(jsonOf);
  if ("tag" in value) return { [`tagged ${value.tag}`]: jsonOf(value.value) };
  if ("members" in value) {
    const members = new Map(value.members.map(jsonOf).map((member) => [canonical(member), member]));
    return { "a set": [...members].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, member]) => member) };
  }
  return Object.fromEntries(value.entries.map(([key, entry]) => [fieldOf(key), jsonOf(entry)]));
}

const fieldOf = (key: Edn): string => (key instanceof Keyword ? key.name : canonical([jsonOf(key)]));
