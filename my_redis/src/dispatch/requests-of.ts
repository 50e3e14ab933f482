import type { Arguments } from "../protocol/arguments.ts";
import type { Client, QueuedCommand } from "./client.ts";
import type { CommandFacts } from "./command-facts.ts";

/**
 * The commands that a request is about to run: those that the transaction has queued for EXEC, and the request itself
 * for every other command. So a check judges EXEC by what it runs.
 */
export function requestsOf<Entry extends CommandFacts>(
  client: Client<Entry>,
  command: Entry,
  args: Arguments,
): readonly QueuedCommand<Entry>[] {
  if (command.insideMulti !== "run the queue") return [{ command, args }];
  return client.transaction?.queued ?? [];
}
