import { checkNumbers, type ExactTimes } from "./json-numbers.ts";
import { MalformedHistory, shown } from "./malformed-history.ts";
import { fromEarliest, type TimedOperation } from "./exact-times.ts";
import type { Json, Operation } from "./operation.ts";

const outcomes = ["returned", "unknown", "failed"] as const;
const fields = ["process", "key", "kind", "input", "output", "outcome", "calledAt", "returnedAt"];

/** One line of JSON for each operation. Fields with their default are left out; see `parseJsonLines`. */
export function formatJsonLines(operations: readonly Operation[]): string {
  return operations.map((operation) => `${JSON.stringify(jsonLineOf(operation))}\n`).join("");
}

export function jsonLineOf({ process, key, kind, input, output, outcome, calledAt, returnedAt }: Operation): object {
  return {
    process,
    ...(key === "" ? {} : { key }),
    kind,
    ...(input === null ? {} : { input }),
    ...(output === null ? {} : { output }),
    ...(outcome === "returned" ? {} : { outcome }),
    calledAt,
    ...(outcome === "unknown" ? {} : { returnedAt }),
  };
}

/**
 * Reads a history of one JSON object in each line, in any order. Empty lines are skipped.
 *
 * - `process`: a string or a number; `kind`: a string; `calledAt`: a number. These three are required.
 * - `returnedAt`: a number, not before `calledAt`. Required unless the outcome is "unknown".
 * - `key`: a string, by default "". `input`, `output`: any JSON, by default null.
 * - `outcome`: "returned" (the default), "unknown" or "failed".
 *
 * A number that a float does not hold is refused. Times may be such integers, for example nanoseconds since 1970: then
 * all times are counted from the earliest one.
 *
 * @throws MalformedHistory
 */
export function parseJsonLines(text: string): Operation[] {
  const operations: TimedOperation[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() !== "") operations.push(parseLine(line, index + 1));
  }
  return fromEarliest(operations);
}

function parseLine(text: string, line: number): TimedOperation {
  const wrong = (name: string, value: unknown, limit: string): MalformedHistory =>
    new MalformedHistory(line, `${name} is ${shown(value)}; it must be ${limit}`);
  const object = parseObject(text, line);
  const other = Object.keys(object).find((name) => !fields.includes(name));
  if (other !== undefined)
    throw new MalformedHistory(line, `unknown field ${shown(other)}; there are ${fields.join(", ")}`);
  const { process, key = "", kind, input = null, output = null, outcome = "returned", calledAt, returnedAt } = object;
  if (typeof process !== "string" && typeof process !== "number")
    throw wrong("process", process, "a string or a number");
  if (typeof key !== "string") throw wrong("key", key, "a string");
  if (typeof kind !== "string") throw wrong("kind", kind, "a string");
  if (!isOutcome(outcome)) throw wrong("outcome", outcome, `one of ${outcomes.join(", ")}`);
  if (typeof calledAt !== "number") throw wrong("calledAt", calledAt, "a number");
  const exact: ExactTimes = checkNumbers(text, line);
  const known = { process, key, kind, input, outcome, calledAt };
  if (outcome === "unknown") {
    if (returnedAt !== undefined) throw wrong("returnedAt", returnedAt, "left out where the outcome is unknown");
    if (output !== null) throw wrong("output", output, "left out where the outcome is unknown");
    return { operation: { ...known, output, returnedAt: Number.POSITIVE_INFINITY }, line, exact };
  }
  if (typeof returnedAt !== "number" || returnedAt < calledAt) {
    throw wrong("returnedAt", returnedAt, `a number from calledAt (${calledAt}) on`);
  }
  return { operation: { ...known, output, returnedAt }, line, exact };
}

function parseObject(text: string, line: number): { readonly [name: string]: Json } {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (error) {
    throw new MalformedHistory(line, `${shown(text)} is no JSON: ${(error as Error).message}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new MalformedHistory(line, `${shown(value)} is no JSON object`);
  }
  return value as { readonly [name: string]: Json };
}

const isOutcome = (value: Json): value is (typeof outcomes)[number] => (outcomes as readonly Json[]).includes(value);
