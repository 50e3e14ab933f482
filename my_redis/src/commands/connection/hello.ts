import { command } from "../../dispatch/command.ts";
import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError } from "../../protocol/command-error.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { claims } from "../../version.ts";
import { authenticate } from "./authentication.ts";
import { checkClientName } from "./client-name.ts";
import { OptionReader } from "../options/option-reader.ts";

const notAuthenticated =
  "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> " +
  "option can be used to authenticate the client and select the RESP protocol version at the same time";

interface HelloOptions {
  readonly user?: string;
  readonly password?: Uint8Array;
  readonly name?: string;
}

export const hello = command({
  name: "HELLO",
  group: "connection",
  since: "6.0.0",
  complexity: "O(1)",
  summary: "Chooses the protocol version, authenticates and names the connection, and describes the server.",
  syntax: "[protover:integer [AUTH={username password}] [SETNAME=clientname]]",
  flags: ["allow_busy", "noscript", "loading", "stale", "fast", "no_auth"],
  isSecret: (args, index) => index > 2 && (args.is(index - 1, "auth") || (index > 3 && args.is(index - 2, "auth"))),
  run(context, args, reply) {
    const { client } = context;
    const protocol = args.count > 1 ? readProtocol(args) : client.protocol;
    const options = readOptions(args);
    if (options.user !== undefined && options.password !== undefined) {
      authenticate(context, options.user, options.password);
    }
    if (!client.authenticated) throw new CommandError(notAuthenticated);
    if (options.name !== undefined) client.name = options.name;
    client.protocol = protocol;
    reply.protocol = protocol;
    describeServer(context, reply);
  },
});

function readProtocol(args: Arguments): 2 | 3 {
  const protocol = args.integer(1, "ERR Protocol version is not an integer or out of range");
  if (protocol !== 2 && protocol !== 3) throw new CommandError("NOPROTO unsupported protocol version");
  return protocol;
}

function readOptions(args: Arguments): HelloOptions {
  let found: HelloOptions = {};
  const options = new OptionReader(args, 2);
  while (options.next()) {
    if (options.is("auth", 2)) {
      found = { ...found, user: args.latin1(options.value()), password: args.bytes(options.value()) };
    } else if (options.is("setname", 1)) {
      const name = args.latin1(options.value());
      checkClientName(name);
      found = { ...found, name };
    } else {
      throw new CommandError(`ERR Syntax error in HELLO option '${args.latin1(options.index)}'`);
    }
  }
  return found;
}

function describeServer(context: Context, reply: ReplyWriter): void {
  const { server, version } = claims[context.server.settings.values.compatibility];
  reply.map(7);
  reply.bulkText("server");
  reply.bulkText(server);
  reply.bulkText("version");
  reply.bulkText(version);
  reply.bulkText("proto");
  reply.integer(context.client.protocol);
  reply.bulkText("id");
  reply.integer(context.client.id);
  reply.bulkText("mode");
  reply.bulkText(context.server.cluster === undefined ? "standalone" : "cluster");
  reply.bulkText("role");
  reply.bulkText("master");
  reply.bulkText("modules");
  reply.array(0);
}
