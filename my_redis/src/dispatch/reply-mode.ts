import type { ReplyWriter } from "../protocol/reply-writer.ts";
import type { Client } from "./client.ts";
import type { CommandFacts } from "./command-facts.ts";

/**
 * CLIENT REPLY. Must be called after each reply, before anything else is written. Removes what was written since
 * `start` when the client does not want replies. Pushed messages, such as the replies of SUBSCRIBE, are always kept.
 */
export function holdBackReply(client: Client, reply: ReplyWriter, start: number, found?: CommandFacts): void {
  if (client.replyMode === "on") return;
  if (found === undefined || !answersByPush(found)) reply.length = start;
  if (client.replyMode === "skip") client.replyMode = "on";
  else if (client.replyMode === "skip-next") client.replyMode = "skip";
}

const answersByPush = ({ group, whileSubscribed }: CommandFacts): boolean =>
  group === "pubsub" && whileSubscribed === true;
