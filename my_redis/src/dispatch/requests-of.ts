import type { Arguments } from "../protocol/arguments.ts";
import type { Client, QueuedCommand } from "./client.ts";
import type { CommandFacts } from "./command-facts.ts";

/**
 * The commands that a request is about to run: for EXEC the queued ones, for every other command the request itself. A
 * check thereby judges EXEC by what it runs.
 */
export function requestsOf<Entry extends CommandFacts>(
  client: Client<Entry>,
  command: Entry,
  args: Arguments,
): readonly QueuedCommand<Entry>[] {
  if (command.insideMulti !== "run the queue") return [{ command, args }];
  return client.transaction?.queued ?? [];
}
