import type { BlockedRunner } from "./blocked-clients.ts";
import type { Context } from "./context.ts";
import { keyExists } from "./key-exists.ts";
import { answer } from "./replies.ts";

/** Runs the commands of blocked clients again, and answers clients whose timeout has passed. */
export const blockedRunner: BlockedRunner<Context> = {
  exists: ({ keyspace }, database, key) => keyExists(keyspace, database, key),
  retry,
  replyTimeout,
  unblock(context, how) {
    const { client, server } = context;
    const message = "UNBLOCKED client unblocked via CLIENT UNBLOCK";
    if (how === "timeout") replyTimeout(context);
    else answer(server.replies, client, (reply) => server.processor.writeError(reply, message));
    server.processor.countUnblocked(context);
  },
};

/** Runs the client's command again. True when it was answered. */
function retry(context: Context): boolean {
  const { client, server } = context;
  const { blocked } = client;
  if (blocked === undefined) return false;
  let answered = false;
  const { database } = client;
  // As in redis-server, what a blocked client looks up counts neither as a hit nor as a miss.
  const { keyspace } = server;
  const { onMissed, statistics } = keyspace;
  const { hits, misses } = statistics;
  keyspace.onMissed = undefined;
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
    if (answered) client.streamOffset = server.changes.streamOffset;
  });
  Object.assign(statistics, { hits, misses });
  keyspace.onMissed = onMissed;
  return answered;
}

function replyTimeout({ client, server }: Context): void {
  const { blocked } = client;
  if (blocked === undefined) return;
  answer(server.replies, client, (reply) => {
    reply.protocol = client.protocol;
    if (blocked.timeoutReply === "nullArray") reply.nullArray();
    else if (typeof blocked.timeoutReply === "function") blocked.timeoutReply(reply);
    else if (blocked.timeoutReply === "zero") reply.integer(0);
    else reply.null();
  });
}
