import type { CounterExample } from "./shrink.ts";
import type { TimelineRows } from "./timeline-rows.ts";

/** What a counter-example means, in sentences: one for each line. `leftOut` says how many are not shown. */
export function explain(
  { core, context, isMinimal }: CounterExample,
  leftOut: TimelineRows["leftOut"],
): readonly string[] {
  const count = core.length === 1 ? "This operation" : `These ${core.length} operations`;
  const lines = [`${count} cannot be put in any order that explains what the clients were told.`];
  if (leftOut.core > 0) lines.push(`${leftOut.core} of them, which were called first, are not shown.`);
  if (context.length > 0) lines.push("This holds whether the operations marked with ~ took effect or not.");
  if (leftOut.context > 0) lines.push(`${leftOut.context} more of those are not shown.`);
  if (!isMinimal) lines.push("There may be a smaller counter-example: the time for shrinking was over.");
  return lines;
}
