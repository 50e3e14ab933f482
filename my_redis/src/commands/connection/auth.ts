import { command } from "../../dispatch/command.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { authenticate } from "./authentication.ts";

const noPassword =
  "ERR AUTH <password> called without any password configured for the default user. " +
  "Are you sure your configuration is correct?";

export const auth = command({
  name: "AUTH",
  group: "connection",
  since: "1.0.0",
  complexity: "O(N) where N is the number of passwords defined for the user",
  summary: "Authenticates the connection with the server's password, or with a user name and password.",
  syntax: "[username] password",
  flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
  isSecret: (_args, index) => index > 0,
  run(context, args, reply) {
    if (args.count > 3) throw new CommandError(errors.syntax);
    const passwordOnly = args.count === 2;
    if (passwordOnly && context.server.settings.values.requirepass === "") throw new CommandError(noPassword);
    authenticate(context, passwordOnly ? "default" : args.latin1(1), args.bytes(args.count - 1));
    reply.ok();
  },
});
