import type { Command, Context } from "../context.ts";
import { Refusal, type Verdict } from "../outcome.ts";
import type { RequestCheck } from "./request-check.ts";

const refusal = new Refusal("NOAUTH Authentication required.");

function judge(context: Context, { flagSet, permission }: Command): Verdict {
  // As in redis-server, this comes first: the password does not matter for a command that nobody may use.
  if (permission !== undefined) {
    const verdict = permission(context);
    if (verdict !== "run") return verdict;
  }
  return context.client.authenticated || flagSet.has("no_auth") ? "run" : refusal;
}

/**
 * Some commands have a permission of their own. A client that has not given the password may only use commands with the
 * flag "no_auth".
 */
export const authentication: RequestCheck<"authentication"> = {
  name: "authentication",
  arriving: judge,
  within: judge,
};
