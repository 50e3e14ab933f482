import type { Json, Operation } from "../history/operation.ts";
import { printable } from "./printable.ts";
import type { CounterExample } from "./shrink.ts";

/** One operation of a counter-example, as a line of a picture. */
export interface TimelineRow {
  readonly process: string;
  /** What was done and what came back: "read -> 1". */
  readonly label: string;
  readonly isCore: boolean;
  /** Places in the order of all calls and returns that are shown: times as such may lie far apart. */
  readonly from: number;
  /** Infinity for an operation that is open until the end. */
  readonly to: number;
}

export interface TimelineRows {
  /** In the order of calls. */
  readonly rows: readonly TimelineRow[];
  /** How many places there are. */
  readonly places: number;
  /** Operations that are not shown. */
  readonly leftOut: { readonly core: number; readonly context: number };
}

const maxCore = 60;
const maxContext = 12;
const maxLabel = 70;
const maxProcess = 30;

/** Those of the core and of the context that were called last. */
export function timelineRows({ core, context }: CounterExample): TimelineRows {
  const isCore = new Set(core);
  const byCall = (left: Operation, right: Operation): number => left.calledAt - right.calledAt;
  const shownCore = [...core].sort(byCall).slice(-maxCore);
  const shownContext = [...context].sort(byCall).slice(-maxContext);
  const shown = [...shownCore, ...shownContext].sort(byCall);
  const times = shown.flatMap(({ calledAt, returnedAt }) => [calledAt, returnedAt]).filter(Number.isFinite);
  const places = new Map([...new Set(times)].sort((left, right) => left - right).map((time, place) => [time, place]));
  const rows = shown.map((operation) => ({
    process: printable(String(operation.process), maxProcess),
    label: labelOf(operation),
    isCore: isCore.has(operation),
    from: places.get(operation.calledAt) as number,
    to: places.get(operation.returnedAt) ?? Number.POSITIVE_INFINITY,
  }));
  return {
    rows,
    places: places.size,
    leftOut: { core: core.length - shownCore.length, context: context.length - shownContext.length },
  };
}

function labelOf({ kind, input, output, outcome }: Operation): string {
  const value = (json: Json): string => (json === null ? "" : ` ${JSON.stringify(json)}`);
  const answer = output === null && kind !== "read" && kind !== "get" ? "" : ` -> ${JSON.stringify(output)}`;
  return printable(`${kind}${value(input)}${outcome === "unknown" ? " -> ?" : answer}`, maxLabel);
}
