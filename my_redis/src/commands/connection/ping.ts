import { command } from "../../command/command.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";

export const ping = command({
  name: "PING",
  group: "connection",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Answers PONG, or the given message.",
  flags: ["fast"],
  arity: -1,
  run(_context, args, reply) {
    if (args.count > 2) throw new CommandError(errors.wrongArity("ping"));
    if (args.count === 1) reply.pong();
    else reply.bulk(args.buffer, args.start(1), args.end(1));
  },
});
