import type { CommandFacts } from "./command-facts.ts";

/** Why a request is refused: its command is wrong, or a check refused it. */
export type RefusalReason = "unknown command" | "unknown subcommand" | "arguments" | "check";

/** The answer to a request that does not run. */
export class Refusal {
  /** The text of the error reply, without the leading "-". */
  readonly message: string;
  readonly reason: RefusalReason;
  /** The command whose number of arguments is wrong. */
  readonly command: CommandFacts | undefined;

  constructor(message: string, reason: RefusalReason = "check", command?: CommandFacts) {
    this.message = message;
    this.reason = reason;
    this.command = command;
  }
}

/** The decision on a command that cannot wait, because EXEC or a script is about to run it. */
export type Verdict = "run" | Refusal;

/** The decision on a request that has just arrived. "held": it is kept and answered later. */
export type Outcome = Verdict | "held";
