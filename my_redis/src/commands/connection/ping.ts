import { command } from "../../dispatch/command.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";

export const ping = command({
  name: "PING",
  group: "connection",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Answers PONG, or the given message.",
  syntax: "[message]",
  flags: ["fast"],
  anyConnection: true,
  tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
  whileSubscribed: true,
  watchesServer: true,
  run({ client }, args, reply) {
    if (args.count > 2) throw new CommandError(errors.wrongArity("ping"));
    if (client.subscriptions !== undefined && client.protocol === 2) {
      // In RESP2, a subscriber expects every reply in the form of a message.
      reply.array(2);
      reply.bulkText("pong");
      if (args.count === 1) reply.bulkText("");
      else reply.bulk(args.buffer, args.start(1), args.end(1));
      return;
    }
    if (args.count === 1) reply.pong();
    else reply.bulk(args.buffer, args.start(1), args.end(1));
  },
});
