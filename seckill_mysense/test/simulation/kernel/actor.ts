/** One call to another part. The scheduler carries it out, or loses the request or the answer. */
export interface Call<T = unknown> {
  readonly to: "gate" | "ledger" | "queue" | "provider" | "nobody";
  readonly what: string;
  run(): T;
}

/** What an actor does: between two of its calls anything may happen, also its own end. */
export type Steps<T = void> = Generator<Call, T, unknown>;

/** The request or its answer was lost: nobody knows whether the call was carried out. */
export class OutcomeUnknown extends Error {
  constructor() {
    super("the outcome is unknown");
  }
}

/** Asks a part, and throws `OutcomeUnknown` when the answer does not come. */
export function* ask<T>(to: Call["to"], what: string, run: () => T): Steps<T> {
  return (yield { to, what, run }) as T;
}

/** Asks again until there is an answer. Only for calls that may be repeated. */
export function* insist<T>(to: Call["to"], what: string, run: () => T): Steps<T> {
  for (;;) {
    try {
      return yield* ask(to, what, run);
    } catch (error) {
      if (!(error instanceof OutcomeUnknown)) throw error;
    }
  }
}

/** Waits for a moment. */
export const rest = (): Steps => ask("nobody", "rests", () => {});

/** A process, or a buyer. It loses everything but its name when it is killed. */
export interface Actor {
  readonly name: string;
  /** Begins anew, after the start and after each kill. */
  start(): Steps;
  /** What the others see of its end. */
  onKill?(): void;
  /** It is to end in good order, and begins anew. */
  onStop?(): void;
  /** Buyers are not killed. */
  readonly canBeKilled: boolean;
}
