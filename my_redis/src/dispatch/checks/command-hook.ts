import type { Arguments } from "../../protocol/arguments.ts";
import type { Command, Context } from "../context.ts";
import type { HeldRequests } from "../held-requests.ts";
import { Refusal } from "../outcome.ts";
import type { RequestChecks } from "./request-check.ts";

/** A client's command, before it runs. */
export interface CommandCall {
  /** Lower case; a subcommand as "client|list". */
  readonly name: string;
  /** The request as text, its name first. */
  readonly words: readonly string[];
  readonly clientId: number;
}

/**
 * The intervention in a command: it is answered with an error ("ERR out of luck") instead of being run, or is run later.
 */
export interface CommandIntervention {
  readonly error?: string;
  readonly delayMs?: number;
}

/**
 * Sees every command of every client; undefined lets the command pass. For tests of what happens when a server
 * misbehaves.
 */
export type CommandHook = (call: CommandCall) => CommandIntervention | undefined;

const maxDelayMs = 2_147_483_647;

/** Installs the hook before every command. Without a hook no check is installed. */
export function installCommandHook(checks: RequestChecks, delayed: HeldRequests, hook: CommandHook): void {
  // A delayed request that runs now: the hook has seen it already.
  let passing: Arguments | undefined;
  const afterDelay = (context: Context, error: string | undefined): void => {
    passing = delayed.requestOf(context);
    if (error === undefined) delayed.release(context);
    else delayed.refuse(context, error);
  };
  checks.install(
    {
      name: "command hook",
      arriving(context, command, args) {
        if (args === passing || context.client.kind !== "normal") return "run";
        const { error, delayMs = 0 } = hook(callOf(context, command, args)) ?? {};
        if (!(delayMs >= 0 && delayMs <= maxDelayMs)) {
          throw new RangeError(`delayMs must be from 0 to ${maxDelayMs}, not ${delayMs}`);
        }
        if (delayMs === 0) return error === undefined ? "run" : new Refusal(error);
        setTimeout(() => afterDelay(context, error), delayMs);
        return delayed.hold(context, args);
      },
    },
    "waiting",
  );
}

function callOf(context: Context, command: Command, args: Arguments): CommandCall {
  const words = Array.from({ length: args.count }, (_, index) => args.text(index));
  return { name: command.fullName, words, clientId: context.client.id };
}
