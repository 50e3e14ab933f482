import type { StartedProcess } from "../../../tools/test-services/index.ts";

export interface PrintedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | undefined;
  /** Ids of the spans that it has a link to. */
  readonly links: readonly string[];
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** The spans that processes which preload print-spans.ts have written so far. */
export function printedSpans(processes: readonly StartedProcess[]): PrintedSpan[] {
  const lines = processes.flatMap((started) => started.stdout().split("\n"));
  return lines.flatMap((line) => (line.startsWith("span ") ? [JSON.parse(line.slice(5)) as PrintedSpan] : []));
}
