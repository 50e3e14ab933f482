import type { Arguments } from "../../protocol/arguments.ts";
import type { Command, Context } from "../context.ts";
import { requestsOf } from "../requests-of.ts";

/** Whether a request may change data; EXEC if one of its commands may. */
export function changesData(context: Context, command: Command, args: Arguments): boolean {
  return requestsOf(context.client, command, args).some(
    (request) => request.command.isWrite || request.command.mayReplicate?.(context, request.args) === true,
  );
}
