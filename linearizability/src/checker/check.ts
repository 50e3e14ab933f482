import { monotonicMs } from "../clock.ts";
import { type CounterExample, shrink } from "../counter-example/shrink.ts";
import type { Operation } from "../history/operation.ts";
import type { Model } from "../models/model.ts";
import { Budget, type Limits } from "./budget.ts";
import { decide } from "./decide.ts";

export interface CheckOptions<State> extends Limits {
  readonly model: Model<State>;
  /** How long a counter-example may be made smaller, in milliseconds. Default: 10,000. */
  readonly shrinkTimeLimitMs?: number;
  /** A clock in milliseconds. */
  readonly nowMs?: () => number;
}

export type Verdict =
  /** The operations of each partition can be put in one order that explains all outputs. */
  | { readonly verdict: "ok" }
  /** Those of one partition cannot. */
  | { readonly verdict: "violation"; readonly partition: string; readonly counterExample: CounterExample }
  /** A limit was reached before a decision, in these partitions; there is no violation in the others. */
  | { readonly verdict: "unknown"; readonly why: string; readonly partitions: readonly string[] };

const defaultShrinkTimeLimitMs = 10_000;

/**
 * Whether a history is linearizable: each operation seems to take effect at one moment between its call and its return.
 * Partitions are checked one by one, since a history is linearizable when each of them is.
 *
 * @throws RangeError for an operation that the model does not know, or with impossible times, and for a wrong limit
 */
export function check<State>(history: readonly Operation[], options: CheckOptions<State>): Verdict {
  const { model, nowMs = monotonicMs, shrinkTimeLimitMs = defaultShrinkTimeLimitMs } = options;
  const budget = new Budget(options, nowMs);
  const undecided: string[] = [];
  let why = "";
  for (const [partition, operations] of partitionsOf(history, model)) {
    budget.beginPartition();
    const decision = decide(operations, model, budget);
    if (decision === "gave up") {
      why = budget.exhausted ?? "";
      undecided.push(partition);
    } else if (decision !== "ok") {
      const counterExample = shrink(decision, model, { timeLimitMs: shrinkTimeLimitMs, nowMs });
      return { verdict: "violation", partition, counterExample };
    }
  }
  return undecided.length === 0 ? { verdict: "ok" } : { verdict: "unknown", why, partitions: undecided };
}

/** Failed operations are left out: they had no effect. */
function partitionsOf<State>(history: readonly Operation[], model: Model<State>): Map<string, Operation[]> {
  const partitions = new Map<string, Operation[]>();
  for (const operation of history) {
    refuseMalformed(operation, model);
    if (operation.outcome === "failed") continue;
    const name = model.partition === undefined ? operation.key : model.partition(operation);
    const partition = partitions.get(name);
    if (partition === undefined) partitions.set(name, [operation]);
    else partition.push(operation);
  }
  return partitions;
}

function refuseMalformed<State>(operation: Operation, model: Model<State>): void {
  const { process, kind, outcome, calledAt, returnedAt } = operation;
  const isOpen = returnedAt === Number.POSITIVE_INFINITY;
  const areTimesRight = Number.isFinite(calledAt) && returnedAt >= calledAt && isOpen === (outcome === "unknown");
  const problem = areTimesRight
    ? model.problem(operation)
    : `it has the outcome ${outcome} and returned at ${returnedAt}; it must return at or after its call, and never if unknown`;
  if (problem !== undefined) throw new RangeError(`${kind} of process ${process}, called at ${calledAt}: ${problem}`);
}
