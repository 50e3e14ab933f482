import { errors } from "../../protocol/command-error.ts";
import type { ChangeLog } from "../change-log.ts";
import type { Command } from "../context.ts";
import type { Execution } from "../execution.ts";
import { Refusal, type Verdict } from "../outcome.ts";
import { checkOfCommand, type RequestCheck } from "./request-check.ts";

const isLoading = new Refusal("LOADING Redis is loading the dataset in memory");
const isBusy = new Refusal(errors.busyScript);

export function loading(execution: Execution): RequestCheck<"loading"> {
  const judge = ({ flagSet }: Command): Verdict => (execution.isLoading && !flagSet.has("loading") ? isLoading : "run");
  return checkOfCommand("loading", judge);
}

/** While a script runs longer than busy-reply-threshold, clients can only stop it or inspect it. */
export function busyScript(execution: Execution): RequestCheck<"busy script"> {
  const judge = ({ flagSet }: Command): Verdict =>
    execution.scriptIsPaused && !flagSet.has("allow_busy") ? isBusy : "run";
  return checkOfCommand("busy script", judge);
}

/**
 * While the log or the snapshot cannot be written, data must not change, because a restart would lose the change.
 * `snapshotRefusal` gives the error reply while snapshots fail.
 */
export function writtenLog(changes: ChangeLog, snapshotRefusal: () => string | undefined): RequestCheck<"log"> {
  const judge = (isConcerned: boolean): Verdict => {
    if (!isConcerned) return "run";
    const failure = changes.failure ?? snapshotRefusal();
    return failure === undefined ? "run" : new Refusal(failure);
  };
  return {
    name: "log",
    arriving: (_context, { isWrite, watchesServer }) => judge(isWrite || watchesServer === true),
    within: (_context, { isWrite }) => judge(isWrite),
  };
}
