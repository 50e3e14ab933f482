import { Budget } from "../checker/budget.ts";
import { decide, type Suspects } from "../checker/decide.ts";
import type { Operation } from "../history/operation.ts";
import type { Model } from "../models/model.ts";

/**
 * Why a history is not linearizable: no order explains the outputs of the core, whatever all other operations of the
 * history did. Each of the others may have taken effect at any time after its call, or never, and with any output.
 */
export interface CounterExample {
  readonly core: readonly Operation[];
  /** Others that could have explained the core, for the reader: for example the write of a value that was read. */
  readonly context: readonly Operation[];
  /** Whether the outcome of each core operation is needed. False when a limit was reached before that was known. */
  readonly isMinimal: boolean;
}

export interface ShrinkLimits {
  readonly timeLimitMs: number;
  /** For one try. A try that needs more counts as no violation, so the counter-example stays larger than it could be. */
  readonly maxConfigurations: number;
  readonly nowMs: () => number;
}

const firstWindow = 8;

/**
 * Makes a counter-example smaller by forgetting what clients were told. An operation is not taken away, which could make
 * up a violation: a read without its write cannot be explained. Instead its outcome becomes unknown. Every order that
 * explains the history also explains the history with an outcome forgotten, so what is left is a violation of the history.
 */
export function shrink<State>(suspects: Suspects, model: Model<State>, limits: ShrinkLimits): CounterExample {
  return new Shrinking(suspects, model, limits).run();
}

class Shrinking<State> {
  readonly #model: Model<State>;
  readonly #limits: ShrinkLimits;
  readonly #endsAtMs: number;
  readonly #suspects: Suspects;
  /** The operations that may matter. */
  #operations: readonly Operation[];
  #isMinimal = true;

  constructor(suspects: Suspects, model: Model<State>, limits: ShrinkLimits) {
    this.#model = model;
    this.#limits = limits;
    this.#endsAtMs = limits.nowMs() + limits.timeLimitMs;
    this.#suspects = suspects;
    this.#operations = suspects.operations;
  }

  run(): CounterExample {
    let core = this.#findCore();
    for (let size = Math.ceil(core.length / 2); size > 1 && !this.#isTimeOver; size = Math.ceil(size / 2))
      core = this.#withoutPieces(core, size);
    this.#isMinimal = true;
    core = this.#withoutPieces(core, 1);
    const isCore = new Set(core);
    const context = this.#relevant(core).filter((operation) => !isCore.has(operation));
    return { core, context, isMinimal: this.#isMinimal };
  }

  /** The witnesses, with as many of the core's last operations as are needed for a violation. */
  #findCore(): readonly Operation[] {
    const byCall = this.#suspects.core.filter(isKnown).sort((left, right) => left.calledAt - right.calledAt);
    for (let window = 0; window < byCall.length && !this.#isTimeOver; window = Math.max(firstWindow, window * 2)) {
      const last = new Set([...this.#suspects.witnesses, ...(window === 0 ? [] : byCall.slice(-window))]);
      const core = byCall.filter((operation) => last.has(operation));
      if (this.#isViolation(core)) return core;
    }
    return byCall;
  }

  /**
   * Forgets pieces of this size. One pass over single operations is enough: what was needed in a larger core is needed in
   * each smaller one.
   */
  #withoutPieces(core: readonly Operation[], size: number): readonly Operation[] {
    let left = core;
    for (let at = 0; at < left.length;) {
      if (this.#isTimeOver) {
        this.#isMinimal = false;
        break;
      }
      const smaller = [...left.slice(0, at), ...left.slice(at + size)];
      if (this.#isViolation(smaller)) left = smaller;
      else at += size;
    }
    return left;
  }

  get #isTimeOver(): boolean {
    return this.#limits.nowMs() >= this.#endsAtMs;
  }

  #isViolation(core: readonly Operation[]): boolean {
    const { nowMs, maxConfigurations } = this.#limits;
    const history = [...this.#weakened(core).values()];
    const leftMs = this.#endsAtMs - nowMs();
    const result =
      leftMs > 0
        ? decide(history, this.#model, new Budget({ timeLimitMs: leftMs, maxConfigurations }, nowMs))
        : "gave up";
    if (result === "gave up") this.#isMinimal = false;
    if (typeof result === "string") return false;
    this.#operations = this.#relevant(core);
    return true;
  }

  /**
   * What is left of each operation when only the outcomes of the core are known. Whatever was called after all of the core
   * had returned cannot explain it.
   */
  #weakened(core: readonly Operation[]): Map<Operation, Operation> {
    const isCore = new Set(core);
    const end = core.reduce((latest, { returnedAt }) => Math.max(latest, returnedAt), Number.NEGATIVE_INFINITY);
    const early = this.#operations.filter(({ calledAt }) => calledAt <= end);
    return new Map(early.map((operation) => [operation, isCore.has(operation) ? operation : forget(operation)]));
  }

  /** Of the operations that may matter those that do with this core. */
  #relevant(core: readonly Operation[]): readonly Operation[] {
    const weakened = this.#weakened(core);
    const all = [...weakened.values()];
    const relevant = new Set(this.#model.relevant?.(all) ?? all);
    return [...weakened].filter(([, left]) => relevant.has(left)).map(([operation]) => operation);
  }
}

const isKnown = ({ outcome }: Operation): boolean => outcome === "returned";

const forget = (operation: Operation): Operation =>
  isKnown(operation)
    ? { ...operation, output: null, outcome: "unknown", returnedAt: Number.POSITIVE_INFINITY }
    : operation;
