/** Why a request is refused: what is wrong with its command, or that a check said no. */
export type RefusalReason = "unknown command" | "unknown subcommand" | "arguments" | "check";

/** The answer to a request that does not run. */
export class Refusal {
  /** The text of the error reply, without the leading "-". */
  readonly message: string;
  readonly reason: RefusalReason;

  constructor(message: string, reason: RefusalReason = "check") {
    this.message = message;
    this.reason = reason;
  }
}

/** What becomes of a command that cannot wait: EXEC or a script is about to run it. */
export type Verdict = "run" | Refusal;

/** What becomes of a request that has just arrived. "held": it was put aside, and is answered later. */
export type Outcome = Verdict | "held";
