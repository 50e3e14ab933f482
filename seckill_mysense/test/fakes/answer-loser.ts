import type { Transaction } from "kysely";
import type { OpenDatabase } from "../../src/ledger/database/ledger-database.ts";
import type { LedgerSchema } from "../../src/ledger/database/schema.ts";

class AnswerLostError extends Error {
  override readonly name = "AnswerLostError";
}

/** A database whose next commit takes effect while its caller is told that the connection was lost. */
export class AnswerLoser {
  readonly database: OpenDatabase;
  /** Answers that are still to be lost. */
  left = 0;
  lost = 0;

  constructor(open: OpenDatabase) {
    const kysely = new Proxy(open.kysely, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (name === "transaction") return () => this.#transaction(open);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
    const failureKind: OpenDatabase["dialect"]["failureKind"] = (error) =>
      error instanceof AnswerLostError ? "lost" : open.dialect.failureKind(error);
    this.database = { kysely, dialect: { ...open.dialect, failureKind }, close: () => open.close() };
  }

  #transaction({ kysely }: OpenDatabase) {
    const builder = kysely.transaction();
    const execute = async <T>(work: (transaction: Transaction<LedgerSchema>) => Promise<T>): Promise<T> => {
      const result = await builder.execute(work);
      if (this.left === 0) return result;
      this.left--;
      this.lost++;
      throw new AnswerLostError("the answer of a commit was lost");
    };
    return { execute, setAccessMode: (mode: "read only") => builder.setAccessMode(mode) };
  }
}
