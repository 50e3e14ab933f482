import { Refusal } from "../outcome.ts";
import type { RequestCheck } from "./request-check.ts";

const notInTransaction = new Refusal("ERR Command not allowed inside a transaction");

/** Within MULTI some commands make no sense, and in RESP2 a subscriber takes most replies for messages. */
export const connection: RequestCheck<"connection"> = {
  name: "connection",
  arriving({ client }, { flagSet, fullName, whileSubscribed }) {
    if (client.transaction !== undefined && flagSet.has("no_multi")) return notInTransaction;
    if (client.subscriptions === undefined || client.protocol === 3 || whileSubscribed === true) return "run";
    return new Refusal(
      `ERR Can't execute '${fullName}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`,
    );
  },
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
