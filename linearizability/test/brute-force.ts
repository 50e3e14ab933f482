import type { Json, Operation } from "../index.ts";
import type { PlainModel } from "./plain-models.ts";

/**
 * Whether a history is linearizable, by trying every order of every choice of unknown outcomes, for each key alone. As plain
 * as the definition, so that it can judge the checker.
 */
export function isLinearizable(history: readonly Operation[], model: PlainModel): boolean {
  const keys = new Set(history.map(({ key }) => key));
  return [...keys].every((key) =>
    hasOrder(
      history.filter((operation) => operation.key === key && operation.outcome !== "failed"),
      model,
    ),
  );
}

function hasOrder(operations: readonly Operation[], model: PlainModel): boolean {
  const mayFollow = (later: Operation, earlier: Operation): boolean => !(later.returnedAt < earlier.calledAt);
  const extend = (state: Json, left: readonly Operation[], taken: readonly Operation[]): boolean => {
    if (left.every(({ outcome }) => outcome === "unknown")) return true;
    return left.some((next) => {
      if (!taken.every((earlier) => mayFollow(next, earlier))) return false;
      const after = model.step(state, next);
      const others = left.filter((other) => other !== next);
      return after !== undefined && extend(after, others, [...taken, next]);
    });
  };
  return extend(model.initial, operations, []);
}
