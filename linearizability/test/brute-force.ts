import type { Model, Operation } from "../index.ts";

/**
 * Whether a history of one partition is linearizable, by trying every order of every choice of unknown outcomes. As plain
 * as the definition, so that it can judge the checker.
 */
export function isLinearizable<State>(history: readonly Operation[], model: Model<State>): boolean {
  const operations = history.filter(({ outcome }) => outcome !== "failed");
  const mayFollow = (later: Operation, earlier: Operation): boolean => !(later.returnedAt < earlier.calledAt);
  const extend = (state: State, left: readonly Operation[], taken: readonly Operation[]): boolean => {
    if (left.every(({ outcome }) => outcome === "unknown")) return true;
    return left.some((next) => {
      if (!taken.every((earlier) => mayFollow(next, earlier))) return false;
      const after = model.step(state, next);
      return (
        after !== undefined &&
        extend(
          after,
          left.filter((other) => other !== next),
          [...taken, next],
        )
      );
    });
  };
  return extend(model.initial, operations, []);
}
