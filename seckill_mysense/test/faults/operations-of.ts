import type { RunningProgram } from "../roles/program.ts";

interface Part {
  readonly name: string;
  readonly status: string;
  readonly reason?: string;
}

/** What a role's listener for operators says of its parts. */
export async function partsOf({ operationsUrl }: RunningProgram): Promise<Record<string, Part> & { status?: never }> {
  const answer = await fetch(`${operationsUrl}/readyz`);
  const { parts } = (await answer.json()) as { readonly parts: readonly Part[] };
  return Object.fromEntries(parts.map((part) => [part.name, part]));
}

/** A figure without labels from a role's metrics; undefined if it is not there. */
export async function figureOf({ operationsUrl }: RunningProgram, name: string): Promise<number | undefined> {
  const text = await (await fetch(`${operationsUrl}/metrics`)).text();
  const [, value] = new RegExp(`^${name} (\\S+)$`, "m").exec(text) ?? [];
  return value === undefined ? undefined : Number(value);
}

/** The log lines of a program, parsed. Lines of plain text are left out. */
export function logOf({ process }: RunningProgram): Record<string, unknown>[] {
  const lines = process.stdout().split("\n");
  return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The lines about outages of one part. */
export function outageLines(program: RunningProgram, part: string): Record<string, unknown>[] {
  return logOf(program).filter((line) => line["part"] === part);
}
