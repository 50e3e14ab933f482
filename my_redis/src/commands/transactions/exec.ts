import type { QueuedCommand } from "../../dispatch/client.ts";
import { type Command, command } from "../../dispatch/command.ts";
import type { Context } from "../../dispatch/context.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";

export const exec = command({
  name: "EXEC",
  group: "transactions",
  since: "1.2.0",
  complexity: "Depends on commands in the transaction",
  summary: "Runs the queued commands, with no other client's commands in between.",
  flags: ["noscript", "loading", "stale", "skip_slowlog"],
  insideMulti: "run the queue",
  run(context, _args, reply) {
    const { client, server } = context;
    const { transaction } = client;
    // The queued commands are logged one by one.
    context.logNothing();
    if (transaction === undefined) throw new CommandError("ERR EXEC without MULTI");
    const broken = server.watched.isBroken(client);
    client.transaction = undefined;
    server.watched.unwatch(client);
    const { refusal } = transaction;
    if (refusal !== undefined) {
      // A client of another node has not seen the error.
      const isSeen = client.kind !== "relayed";
      throw new CommandError(
        isSeen ? "EXECABORT Transaction discarded because of previous errors." : errors.discarded(refusal),
      );
    }
    if (broken) {
      reply.nullArray();
      return;
    }
    checkAgain(context, transaction.queued);
    runQueued(context, transaction.queued, reply);
  },
});

/** A command that was allowed when it was queued may be refused now: memory may be full, or the log broken. */
function checkAgain(context: Context, queued: readonly QueuedCommand<Command>[]): void {
  for (const each of queued) {
    const verdict = context.server.checks.within(context, each.command, each.args);
    if (verdict !== "run") throw new CommandError(errors.discarded(verdict.message));
  }
}

function runQueued(context: Context, queued: readonly QueuedCommand<Command>[], reply: ReplyWriter): void {
  const { client, server } = context;
  reply.array(queued.length);
  server.execution.asUnit(() => {
    for (const each of queued) {
      // A queued HELLO or RESET changes the protocol of the following replies.
      reply.protocol = client.protocol;
      server.processor.call(context, each.command, each.args, reply);
    }
  });
  // Each queued command has set its own log entry, so EXEC must clear the last one.
  context.logNothing();
}
