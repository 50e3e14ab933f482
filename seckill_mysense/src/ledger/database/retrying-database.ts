import type { Kysely } from "kysely";
import { backoffMs, type Backoff } from "../../time/backoff.ts";
import { systemClock, type Clock } from "../../time/clock.ts";
import { pause } from "../../time/pause.ts";
import { spread } from "../../time/randomness.ts";
import { LedgerUnavailableError, RefusedValueError } from "../ledger-errors.ts";
import type { LedgerSchema } from "./schema.ts";
import type { FailureKind, LedgerDialect, LedgerTransaction, OpenDatabase } from "./ledger-database.ts";

export interface RetryOptions extends Backoff {
  /** No retry starts later than this after the first attempt. */
  readonly retryForMs: number;
  readonly maxAttempts: number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly elapsedMs: Clock["elapsedMs"];
}

export const defaultRetry: RetryOptions = {
  firstMs: 5,
  maxMs: 500,
  retryForMs: 5_000,
  maxAttempts: 25,
  random: spread,
  sleep: pause,
  elapsedMs: systemClock.elapsedMs,
};

/**
 * Repeats each unit of work, with bounded pauses, while the database reports a failure that may pass. It is unknown
 * whether the attempt before took effect. So each unit of work must find what an earlier attempt has written: by the id of
 * a row, by the state that it would change, or by an id that was made before the first attempt.
 */
export class RetryingDatabase {
  readonly dialect: LedgerDialect;
  readonly #open: OpenDatabase;
  readonly #retry: RetryOptions;

  constructor(open: OpenDatabase, retry: RetryOptions) {
    this.#open = open;
    this.#retry = retry;
    this.dialect = open.dialect;
  }

  /** Statements that need no transaction. */
  read<T>(work: (database: Kysely<LedgerSchema>) => Promise<T>): Promise<T> {
    return this.#repeat(() => work(this.#open.kysely));
  }

  /** One transaction that writes: all or nothing. */
  write<T>(work: (transaction: LedgerTransaction) => Promise<T>): Promise<T> {
    return this.#repeat(() => this.#open.kysely.transaction().execute(work));
  }

  /** Several reads that see the same moment. */
  snapshot<T>(work: (transaction: LedgerTransaction) => Promise<T>): Promise<T> {
    const transaction = this.#open.kysely.transaction().setAccessMode("read only").setIsolationLevel("repeatable read");
    return this.#repeat(() => transaction.execute(work));
  }

  whileMigrating(work: (connection: Kysely<LedgerSchema>) => Promise<void>): Promise<void> {
    return this.#repeat(() => this.dialect.whileMigrating(this.#open.kysely, work));
  }

  close(): Promise<void> {
    return this.#open.close();
  }

  async #repeat<T>(attempt: () => Promise<T>): Promise<T> {
    const { maxAttempts, retryForMs, sleep, elapsedMs } = this.#retry;
    const startedMs = elapsedMs();
    for (let failures = 1; ; failures++) {
      try {
        return await attempt();
      } catch (error) {
        const kind = this.dialect.failureKind(error);
        if (kind === "other") throw error;
        if (kind === "refused_value") throw new RefusedValueError(describe(error), { cause: error });
        const pauseMs = backoffMs(failures, this.#retry);
        if (failures === maxAttempts || elapsedMs() - startedMs + pauseMs > retryForMs) {
          throw givenUp(error, kind, failures);
        }
        await sleep(pauseMs);
      }
    }
  }
}

function givenUp(error: unknown, kind: FailureKind, attempts: number): LedgerUnavailableError {
  const what = kind === "lost" ? "cannot be reached" : "is contended";
  return new LedgerUnavailableError(`the ledger's database ${what} (${attempts} attempts): ${describe(error)}`, {
    cause: error,
  });
}

function describe(error: unknown): string {
  const { message, code } = error as { message?: string; code?: string };
  return message || code || String(error);
}
