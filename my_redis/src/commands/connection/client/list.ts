import { command } from "../../../dispatch/command.ts";
import type { Context } from "../../../dispatch/context.ts";
import type { Arguments } from "../../../protocol/arguments.ts";
import { CommandError, errors } from "../../../protocol/command-error.ts";
import { clientLine } from "./client-line.ts";
import { kindOf, readClientKind } from "./client-kind.ts";

export const clientInfo = command({
  name: "CLIENT INFO",
  group: "connection",
  since: "6.2.0",
  complexity: "O(1)",
  brief: true,
  summary: "Describes this connection.",
  flags: ["noscript", "loading", "stale"],
  tips: ["nondeterministic_output"],
  run(context, _args, reply) {
    reply.verbatim("txt", `${clientLine(context)}\n`);
  },
});

export const clientList = command({
  name: "CLIENT LIST",
  group: "connection",
  since: "2.4.0",
  complexity: "O(N) where N is the number of client connections",
  summary: "Describes the connections, all or some of them, one per line.",
  syntax: "[TYPE=(NORMAL | MASTER | REPLICA | PUBSUB)] [ID={client-id...}]",
  flags: ["admin", "noscript", "loading", "stale"],
  tips: ["nondeterministic_output"],
  run(context, args, reply) {
    const lines = selected(context, args).map((each) => `${clientLine(each)}\n`);
    reply.verbatim("txt", lines.join(""));
  },
});

function selected({ server }: Context, args: Arguments): Context[] {
  const everybody = [...server.clients.connected.values()];
  if (args.count === 2) return everybody;
  if (args.count === 4 && args.is(2, "type")) {
    const kind = readClientKind(args, 3);
    return everybody.filter(({ client }) => kindOf(client) === kind);
  }
  if (args.count > 3 && args.is(2, "id")) {
    const ids = Array.from({ length: args.count - 3 }, (_, at) => args.integer(at + 3, "ERR Invalid client ID"));
    return ids.map((id) => server.clients.connected.get(id)).filter((found) => found !== undefined);
  }
  throw new CommandError(errors.syntax);
}
