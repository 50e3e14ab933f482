import type { BlockedRunner } from "./blocked-clients.ts";
import type { Context } from "./context.ts";
import { keyExists } from "./key-exists.ts";
import { answer } from "./replies.ts";

/** Runs the commands of blocked clients again, and answers clients whose timeout has passed. */
export const blockedRunner: BlockedRunner<Context> = {
  exists: ({ keyspace }, database, key) => keyExists(keyspace, database, key),
  retry,
  replyTimeout,
  replyError(context, message) {
    const { client, server } = context;
    answer(server.replies, client, (reply) => server.processor.writeError(reply, message));
    server.processor.unblockWithError(context);
  },
};

/** Runs the client's command again. True when it was answered. */
function retry(context: Context): boolean {
  const { client, server } = context;
  const { blocked } = client;
  if (blocked === undefined) return false;
  let answered = false;
  const { database } = client;
  answer(server.replies, client, (reply) => {
    const before = reply.length;
    reply.protocol = client.protocol;
    context.select(blocked.database);
    context.retrying = true;
    server.changes.beginUnit();
    server.processor.call(context, blocked.command, blocked.args, reply);
    server.changes.endUnit();
    context.retrying = false;
    context.select(database);
    answered = reply.length > before;
  });
  return answered;
}

function replyTimeout({ client, server }: Context): void {
  const { blocked } = client;
  if (blocked === undefined) return;
  answer(server.replies, client, (reply) => {
    reply.protocol = client.protocol;
    if (blocked.timeoutReply === "nullArray") reply.nullArray();
    else if (blocked.timeoutReply === "zero") reply.integer(0);
    else reply.null();
  });
}
