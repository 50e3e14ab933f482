import type { Command, Context } from "../context.ts";
import type { Verdict } from "../outcome.ts";
import type { Check, CheckList } from "./check-list.ts";

/** A check of clients' requests, under its name in `checkOrder`. */
export type RequestCheck<Name extends string> = Check<Context, Command, Name>;

/** A check that judges by the command alone: when it arrives, and within a transaction or script. */
export function checkOfCommand<Name extends string>(
  name: Name,
  judge: (command: Command) => Verdict,
): RequestCheck<Name> {
  const judgeRequest = (_context: Context, command: Command): Verdict => judge(command);
  return { name, arriving: judgeRequest, within: judgeRequest };
}

export type RequestChecks = CheckList<Context, Command>;
