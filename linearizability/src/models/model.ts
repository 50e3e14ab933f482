import type { Timeline } from "../checker/timeline.ts";
import type { Operation } from "../history/operation.ts";

/**
 * What one object does when its operations come one after the other. Without state of its own: the checker goes back and
 * forth between states.
 */
export interface Model<State> {
  readonly name: string;
  readonly initial: State;
  /**
   * The state after the operation. undefined: in this state the operation cannot have given its output. The output of
   * an operation with an unknown outcome says nothing: every output is possible. Process and times must not matter: an
   * owner of a lock, for example, belongs into the input.
   */
  step(state: State, operation: Operation): State | undefined;
  /** Equal for equal states, as keys of a Map are: a string, number, or the same object. */
  identity(state: State): unknown;
  /**
   * What is wrong with an operation that `step` could not take, such as an unknown kind; undefined when nothing is. The
   * checker asks before it begins.
   */
  problem(operation: Operation): string | undefined;
  /**
   * Whether an operation changes nothing in any state in which it is possible. The search then lets it take effect as
   * early as it can, instead of trying when. By default no operation is such a one.
   */
  onlyReads?(operation: Operation): boolean;
  /** Operations of different partitions are independent of each other. By default the key. */
  partition?(operation: Operation): string;
  /**
   * Leaves out operations with unknown outcomes that can help no other operation of the list. With fewer of them the
   * search is faster, and a counter-example is easier to read. By default nothing is left out.
   */
  relevant?(operations: readonly Operation[]): readonly Operation[];
  /** Decides without a search, from the model's initial state on; undefined when it cannot. */
  decide?(timeline: Timeline, initial: State): Decision | undefined;
}

/** Operations that cannot be put in any order, whatever the others did; "ok" when all can be. */
export type Decision = "ok" | readonly Operation[];
