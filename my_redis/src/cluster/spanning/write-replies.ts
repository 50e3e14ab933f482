import type { Services } from "../../dispatch/context.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { errors } from "../../protocol/command-error.ts";
import type { TransactionResult } from "../transaction/coordinator.ts";

const unreachable = "CLUSTERDOWN A node that owns one of the keys does not answer; nothing was changed";
const unknown =
  "CLUSTERDOWN Too few nodes answer to tell whether the command was carried out; it is, or is not, as a whole";
const contended = "TRYAGAIN Other writes across nodes have held the keys for too long; nothing was changed";

/** The reply of a write across nodes that was not carried out. `refusedReplies`: the replies when a check of the command
 * failed. */
export function replyFailure(
  server: Services,
  result: Exclude<TransactionResult, { type: "done" }>,
  reply: ReplyWriter,
  refusedReply: (reply: ReplyWriter) => void,
): void {
  const error = (message: string): void => server.processor.writeError(reply, message);
  if (result.type === "unreachable") error(unreachable);
  else if (result.type === "unknown") error(unknown);
  else if (result.type === "contended") error(contended);
  else if (result.reason === "missing") error(errors.noSuchKey);
  else if (result.reason === "exists") refusedReply(reply);
  else error(result.reason);
}
