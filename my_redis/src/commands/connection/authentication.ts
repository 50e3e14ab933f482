import type { Context } from "../../dispatch/context.ts";
import { CommandError } from "../../protocol/command-error.ts";

const wrongPassword = "WRONGPASS invalid username-password pair or user is disabled.";

/** Checks name and password, and marks the client as authenticated. Throws WRONGPASS. */
export function authenticate(context: Context, user: string, password: Uint8Array): void {
  const required = Buffer.from(context.server.settings.values.requirepass, "utf8");
  const matches = user === "default" && (required.length === 0 || sameBytes(required, password));
  if (!matches) throw new CommandError(wrongPassword);
  context.client.authenticated = true;
  context.client.user = user;
}

/** Compares in constant time, so that the password's bytes cannot be found by measuring how long a check takes. */
function sameBytes(expected: Uint8Array, given: Uint8Array): boolean {
  let difference = expected.length ^ given.length;
  for (let at = 0; at < given.length; at++)
    difference |= (given[at] as number) ^ (expected[at % expected.length] as number);
  return difference === 0;
}
