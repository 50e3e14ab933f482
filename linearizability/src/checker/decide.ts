import type { Operation } from "../history/operation.ts";
import type { Model } from "../models/model.ts";
import type { Budget } from "./budget.ts";
import { search } from "./search.ts";
import { timelineOf } from "./timeline.ts";

/** What is known about a violation. */
export interface Suspects {
  /** The history of the partition. */
  readonly operations: readonly Operation[];
  /** No order explains the outputs of these, whatever the others did. */
  readonly core: readonly Operation[];
  /** Those of the core that seem to exclude each other, as a guess. */
  readonly witnesses: readonly Operation[];
}

/** Decides about one partition: by the model's own way, or else by the search. */
export function decide<State>(
  history: readonly Operation[],
  model: Model<State>,
  budget: Budget,
): "ok" | "gave up" | Suspects {
  const timeline = timelineOf(model.relevant?.(history) ?? history);
  const { operations, calledAt, events } = timeline;
  const decision = model.decide?.(timeline, model.initial);
  if (decision === "ok") return decision;
  if (decision !== undefined) return { operations: history, core: history, witnesses: decision };
  const result = search(timeline, model, budget);
  if (typeof result === "string") return result;
  // What was called after the return that cannot be explained has nothing to do with it.
  const core = operations.filter((_, index) => (calledAt[index] as number) < result.failedAt);
  const due = operations[(events[result.failedAt] as number) >> 1] as Operation;
  return { operations: history, core, witnesses: [due] };
}
