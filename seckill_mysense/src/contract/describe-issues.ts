import type { z } from "zod";
import { nearest } from "./nearest.ts";

type Issue = z.core.$ZodIssue;

interface Checked {
  readonly schema: z.ZodType;
  /** The value that was checked. */
  readonly input: unknown;
  /** The name of the whole input in messages, such as "the body". */
  readonly name: string;
  /** Whether the value of a key must not be shown. */
  readonly isSecret: (key: string) => boolean;
}

/** One line per problem that a schema found: the key, its value, and the rule that it breaks. */
export function describeIssues(issues: readonly Issue[], checked: Checked): string[] {
  return issues.flatMap((issue) => {
    const key = issue.path.join(".");
    if (issue.code === "unrecognized_keys") return issue.keys.map((name) => unknownKey(checked, issue.path, name));
    return [
      `${key || checked.name} ${shown(valueAt(checked.input, issue.path), checked.isSecret(key))}: ${rule(issue)}`,
    ];
  });
}

function unknownKey(checked: Checked, path: readonly PropertyKey[], name: string): string {
  let level: unknown = checked.schema;
  for (const step of path) level = shapeOf(level)[String(step)];
  const known = Object.keys(shapeOf(level));
  const meant = nearest(name, known);
  const advice = meant === undefined ? "" : `, did you mean ${meant}?`;
  const holder = path.join(".") || checked.name;
  return `${[...path, name].join(".")} is not a known key${advice || ":"} ${holder} may hold ${known.join(", ")}`;
}

/** The keys of an object schema, below the wrappers that give it defaults. */
function shapeOf(schema: unknown): Record<string, unknown> {
  let current = schema as { def?: { innerType?: unknown }; shape?: Record<string, unknown> } | undefined;
  while (current?.def?.innerType !== undefined) current = current.def.innerType as typeof current;
  return current?.shape ?? {};
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const step of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[step];
  return value;
}

function shown(value: unknown, secret: boolean): string {
  if (value === undefined) return "is missing";
  if (secret) return typeof value === "string" ? `(${value.length} characters)` : "(not shown)";
  const text = JSON.stringify(value);
  return `is ${text.length > 80 ? `${text.slice(0, 80)}...` : text}`;
}

function rule(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return `must be ${typeNames[issue.expected] ?? issue.expected}`;
    case "too_big":
      return `must be at most ${issue.maximum}${unit(issue.origin)}`;
    case "too_small":
      return `must be at least ${issue.minimum}${unit(issue.origin)}`;
    case "invalid_value":
      return `must be one of ${issue.values.map((value) => JSON.stringify(value)).join(", ")}`;
    case "invalid_format":
      return issue.message.startsWith("Invalid") ? `must match ${issue.pattern ?? issue.format}` : issue.message;
    default:
      return issue.message;
  }
}

function unit(origin: string): string {
  if (origin === "array") return " entries";
  return origin === "string" ? " characters long" : "";
}

const typeNames: Readonly<Record<string, string>> = {
  int: "a whole number",
  number: "a number",
  string: "a string",
  boolean: "true or false",
  object: "an object",
};
