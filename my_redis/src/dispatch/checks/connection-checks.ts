import { Refusal } from "../outcome.ts";
import type { RequestCheck } from "./request-check.ts";

/** In RESP2 a subscriber cannot distinguish other replies from messages. */
export const subscriber: RequestCheck<"subscriber"> = {
  name: "subscriber",
  arriving: ({ client }, { fullName, whileSubscribed }) =>
    client.subscriptions === undefined || client.protocol === 3 || whileSubscribed === true
      ? "run"
      : new Refusal(
          `ERR Can't execute '${fullName}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`,
        ),
};

const notInTransaction = new Refusal("ERR Command not allowed inside a transaction");

export const transaction: RequestCheck<"transaction"> = {
  name: "transaction",
  arriving: ({ client }, { flagSet }) =>
    client.transaction !== undefined && flagSet.has("no_multi") ? notInTransaction : "run",
};

const likeReplica = new Refusal("ERR Replica can't interact with the keyspace");

/** A client in MONITOR may use no keys, because redis-server treats it as a kind of replica. */
export const monitor: RequestCheck<"monitor"> = {
  name: "monitor",
  arriving(context, command, args) {
    if (!context.client.monitoring) return "run";
    const usesKeys =
      command.isWrite || command.flagSet.has("readonly") || command.mayReplicate?.(context, args) === true;
    return usesKeys ? likeReplica : "run";
  },
};
