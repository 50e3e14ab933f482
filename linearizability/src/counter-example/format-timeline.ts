import { explain } from "./explain.ts";
import type { CounterExample } from "./shrink.ts";
import { timelineRows } from "./timeline-rows.ts";

const maxColumns = 72;
const widestStep = 4;

/** A counter-example as text: a line for each operation, with a bar from its call to its return. Open ends are ">". */
export function formatTimeline(counterExample: CounterExample): string {
  const { rows, places, leftOut } = timelineRows(counterExample);
  const last = Math.max(1, places - 1);
  const step = Math.min(widestStep, maxColumns / last);
  const width = Math.round(last * step) + 1;
  const column = (place: number): number => Math.min(width - 1, Math.round(place * step));
  const processWidth = Math.max("process".length, ...rows.map(({ process }) => process.length));
  const lines = rows.map(({ process, label, isCore, from, to }) => {
    const [start, end] = [column(from), column(to)];
    const line = (isCore ? "-" : "~").repeat(Math.max(0, end - start - 1));
    const bar = `${" ".repeat(start)}|${line}${end === start ? "" : to === Number.POSITIVE_INFINITY ? ">" : "|"}`;
    return `${isCore ? " " : "~"} ${process.padStart(processWidth)}  ${bar.padEnd(width)}  ${label}`;
  });
  const heading = `  ${"process".padStart(processWidth)}  ${"time".padEnd(width)}  operation`;
  return `${[heading, ...lines, "", ...explain(counterExample, leftOut)].join("\n")}\n`;
}
