import { monotonicMs } from "../clock.ts";
import { type CounterExample, shrink } from "../counter-example/shrink.ts";
import type { Operation } from "../history/operation.ts";
import { valueProblem } from "../history/value-problem.ts";
import type { Model } from "../models/model.ts";
import { Refused } from "../refused.ts";
import { Budget, type Limits } from "./budget.ts";
import { decide, type Suspects } from "./decide.ts";

export interface CheckOptions<State> extends Limits {
  readonly model: Model<State>;
  /**
   * How long a counter-example may be made smaller, in milliseconds, after the verdict was found. The try in which the
   * time ends is not interrupted before its search begins. Default: 10,000.
   */
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
/** What one try of the shrinking may keep. */
const shrinkConfigurations = 200_000;
/** What a partition may keep in the first round. */
const firstConfigurations = 10_000;

type Partition = readonly [name: string, operations: readonly Operation[]];

/**
 * Whether a history is linearizable: each operation seems to take effect at one moment between its call and its return.
 * Partitions are checked one by one, since a history is linearizable when each of them is.
 *
 * @throws RangeError for an operation that the model does not know, or with impossible times, for a value that is no JSON,
 * and for a wrong limit
 */
export function check<State>(history: readonly Operation[], options: CheckOptions<State>): Verdict {
  const { model, nowMs = monotonicMs, shrinkTimeLimitMs = defaultShrinkTimeLimitMs } = options;
  const budget = new Budget(options, nowMs);
  const partitions = [...partitionsOf(history, model)];
  const result = decideAll(partitions, model, budget);
  if (!("suspects" in result)) return result;
  const { partition, suspects } = result;
  const counterExample = shrink(suspects, model, {
    timeLimitMs: shrinkTimeLimitMs,
    maxConfigurations: shrinkConfigurations,
    nowMs,
  });
  return { verdict: "violation", partition, counterExample };
}

interface Violation {
  readonly partition: string;
  readonly suspects: Suspects;
}

/**
 * In the first round a partition that is hard gives up soon: so it cannot hide a violation in one that is easy. Each
 * partition has an equal share of the time that is left; those that had too little get what others did not need.
 */
function decideAll<State>(
  partitions: readonly Partition[],
  model: Model<State>,
  budget: Budget,
): Violation | Exclude<Verdict, { verdict: "violation" }> {
  const tooLarge: string[] = [];
  let left = partitions;
  for (let isFirst = true; left.length > 0 && (isFirst || !budget.isTimeOver); isFirst = false) {
    const undecided: Partition[] = [];
    for (const [index, partition] of left.entries()) {
      const [name, operations] = partition;
      const mayKeep = isFirst ? firstConfigurations : Number.POSITIVE_INFINITY;
      budget.beginPartition({ shareOfTime: 1 / (left.length - index), mayKeep });
      const decision = decide(operations, model, budget);
      if (decision === "ok") continue;
      if (decision !== "gave up") return { partition: name, suspects: decision };
      if (!isFirst && budget.exhausted === "maxConfigurations") tooLarge.push(name);
      else undecided.push(partition);
    }
    left = undecided;
  }
  const undecided = [...tooLarge, ...left.map(([name]) => name)];
  if (undecided.length === 0) return { verdict: "ok" };
  const reached: (keyof Limits)[] = [];
  if (tooLarge.length > 0) reached.push("maxConfigurations");
  if (left.length > 0) reached.push("timeLimitMs");
  return { verdict: "unknown", why: reached.map((limit) => budget.explain(limit)).join("; "), partitions: undecided };
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
  const { process, kind, calledAt } = operation;
  const problem = timesProblem(operation) ?? jsonProblem(operation) ?? model.problem(operation);
  if (problem !== undefined) throw new Refused(`${kind} of process ${process}, called at ${calledAt}: ${problem}`);
}

function timesProblem({ outcome, calledAt, returnedAt }: Operation): string | undefined {
  const isOpen = returnedAt === Number.POSITIVE_INFINITY;
  if (Number.isFinite(calledAt) && returnedAt >= calledAt && isOpen === (outcome === "unknown")) return undefined;
  return `it has the outcome ${outcome} and returned at ${returnedAt}; it must return at or after its call, and never if unknown`;
}

function jsonProblem({ input, output }: Operation): string | undefined {
  const [inputProblem, outputProblem] = [valueProblem(input), valueProblem(output)];
  if (inputProblem !== undefined) return `the input ${inputProblem}`;
  return outputProblem === undefined ? undefined : `the output ${outputProblem}`;
}
