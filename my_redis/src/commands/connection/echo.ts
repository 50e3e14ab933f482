import { recordBookOf } from "../../cluster/transaction/record-book.ts";
import { loadTransactionEntry } from "../../cluster/transaction/transaction-log.ts";
import { command } from "../../dispatch/command.ts";

export const echo = command({
  name: "ECHO",
  group: "connection",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Answers with the given message.",
  syntax: "message",
  flags: ["loading", "stale", "fast"],
  run({ client, server }, args, reply) {
    // In a log it may be what a write across nodes has left for the next start.
    if (client.kind === "loader") {
      loadTransactionEntry(recordBookOf(server), args, server.environment.monotonicMs());
    }
    reply.bulk(args.buffer, args.start(1), args.end(1));
  },
});
