import { hasUnprintable, MalformedDraw, shown } from "./malformed.ts";

/** What these functions read comes from files of others. `what` names the thing in a message. */

/** The fields of an object that has exactly these. */
export function fieldsOf<Name extends string>(
  what: string,
  value: unknown,
  names: readonly Name[],
): Readonly<Record<Name, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new MalformedDraw(`${what} is ${shown(value)}; it must be an object`);
  }
  const missing = names.find((name) => !Object.hasOwn(value, name));
  if (missing !== undefined) throw new MalformedDraw(`${what} has no ${missing}`);
  const unknown = Object.keys(value).find((name) => !names.includes(name as Name));
  if (unknown !== undefined) {
    throw new MalformedDraw(`${what} has a field ${shown(unknown)}; it must have only ${names.join(", ")}`);
  }
  return value as Record<Name, unknown>;
}

export function hexField(what: string, value: unknown, bytes: number): string {
  if (typeof value === "string" && value.length === 2 * bytes && /^[0-9a-f]*$/.test(value)) return value;
  throw new MalformedDraw(`${what} is ${shown(value)}; it must be ${2 * bytes} hexadecimal digits in lower case`);
}

export const maxU32 = 2 ** 32 - 1;

export function integerField(what: string, value: unknown, min: number, max: number = Number.MAX_SAFE_INTEGER): number {
  // JSON has a -0, which would be another text for the same number.
  if (Number.isSafeInteger(value) && !Object.is(value, -0) && (value as number) >= min && (value as number) <= max) {
    return value as number;
  }
  throw new MalformedDraw(`${what} is ${shown(value)}; it must be an integer from ${min} to ${max}`);
}

export function textField(what: string, value: unknown, maxLength: number): string {
  if (typeof value !== "string" || value.length === 0 || value.length > maxLength) {
    throw new MalformedDraw(`${what} is ${shown(value)}; it must be a text of 1 to ${maxLength} characters`);
  }
  // Half of a pair has no UTF-8, so two such texts would have one hash.
  if (/\p{Surrogate}/u.test(value)) throw new MalformedDraw(`${what} has a surrogate without its other half`);
  if (hasUnprintable(value)) throw new MalformedDraw(`${what} is ${shown(value)}; it must have no control characters`);
  return value;
}

export function oneOf<Value extends string>(what: string, value: unknown, values: readonly Value[]): Value {
  if (values.includes(value as Value)) return value as Value;
  const wanted = values.map(shown).join(" or ");
  throw new MalformedDraw(`${what} is ${shown(value)}; it must be ${wanted}`);
}
