import type { Arguments } from "../../protocol/arguments.ts";
import type { Command } from "../command.ts";
import type { Context } from "../context.ts";

/** A check before a command runs. It reads flags, never names. The result is the error, or undefined to go on. */
export type Policy = (context: Context, command: Command, args: Arguments) => string | undefined;

/** In place of an error: the request has been put aside, and will be answered later. */
export const postponed = "";

export const requireAuthentication: Policy = (context, command) =>
  context.client.authenticated || command.flagSet.has("no_auth") ? undefined : "NOAUTH Authentication required.";

export const refuseInTransaction: Policy = (context, command) =>
  context.client.transaction !== undefined && command.flagSet.has("no_multi")
    ? "ERR Command not allowed inside a transaction"
    : undefined;

/** In RESP2 a subscriber cannot tell other replies from messages. */
export const refuseWhileSubscribed: Policy = ({ client }, command) =>
  client.subscriptions !== undefined && client.protocol === 2 && command.whileSubscribed === undefined
    ? `ERR Can't execute '${command.fullName}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`
    : undefined;

export const refuseWhileLoading: Policy = (context, command) =>
  context.server.loading && !command.flagSet.has("loading")
    ? "LOADING Redis is loading the dataset in memory"
    : undefined;

/** While a script runs over its time, only what can stop it or look at it is served. */
export const refuseWhileBusy: Policy = (context, command) =>
  context.server.busyScript && !command.flagSet.has("allow_busy")
    ? "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
    : undefined;

/** After the log or the snapshot could not be written, data must not change: what is acknowledged would not be kept. */
export const refuseWithoutLog: Policy = ({ server }, command) =>
  command.isWrite ? (server.logFailure ?? server.snapshots?.refusal) : undefined;
