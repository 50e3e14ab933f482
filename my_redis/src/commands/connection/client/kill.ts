import { command } from "../../../dispatch/command.ts";
import type { Context } from "../../../dispatch/context.ts";
import type { Arguments } from "../../../protocol/arguments.ts";
import { CommandError, errors } from "../../../protocol/command-error.ts";
import { kindOf, readClientKind } from "./client-kind.ts";
import { OptionReader } from "../../options/option-reader.ts";

type Filter = (candidate: Context) => boolean;

export const clientKill = command({
  name: "CLIENT KILL",
  group: "connection",
  since: "2.4.0",
  complexity: "O(N) where N is the number of client connections",
  summary: "Closes connections: the one with an address, or all that match the filters.",
  syntax:
    "(address | ([ID=client-id] | [TYPE=(NORMAL | MASTER | SLAVE | REPLICA | PUBSUB)] | [USER=username] | " +
    "[ADDR=address] | [LADDR=address] | [SKIPME=yes-or-no])...)",
  usage:
    "<ip:port> | [ID <client-id>] [TYPE <type>] [USER <name>] [ADDR <ip:port>] [LADDR <ip:port>] [SKIPME (YES|NO)]",
  flags: ["admin", "noscript", "loading", "stale"],
  // Redis requires at least one filter, although its documented syntax makes each of them optional.
  arity: -3,
  run(context, args, reply) {
    if (args.count === 3) {
      const address = args.latin1(2);
      if (killAll(context, (candidate) => candidate.client.channel.remoteAddress === address) === 0) {
        throw new CommandError("ERR No such client");
      }
      reply.ok();
      return;
    }
    const { filters, skipMe } = readFilters(context, args);
    if (skipMe) filters.push((candidate) => candidate !== context);
    reply.integer(killAll(context, (candidate) => filters.every((fits) => fits(candidate))));
  },
});

function killAll(context: Context, fits: Filter): number {
  const found = [...context.server.clients.connected.values()].filter(fits);
  for (const each of found) {
    // A client that kills itself still gets its reply.
    if (each === context) each.client.channel.closeAfterReplies();
    else each.client.channel.kill();
  }
  return found.length;
}

function readFilters(context: Context, args: Arguments): { filters: Filter[]; skipMe: boolean } {
  const filters: Filter[] = [];
  let skipMe = true;
  const options = new OptionReader(args, 2);
  while (options.next()) {
    if (options.is("skipme", 1)) skipMe = readYesNo(args, options.value());
    else filters.push(readFilter(context, args, options));
  }
  return { filters, skipMe };
}

function readFilter({ server }: Context, args: Arguments, options: OptionReader): Filter {
  if (options.is("id", 1)) {
    const id = options.integer("ERR client-id should be greater than 0");
    if (id < 1) throw new CommandError("ERR client-id should be greater than 0");
    return ({ client }) => client.id === id;
  }
  if (options.is("type", 1)) {
    const kind = readClientKind(args, options.value());
    return ({ client }) => kindOf(client) === kind;
  }
  if (options.is("maxage", 1)) {
    const seconds = options.integer("ERR maxage is not an integer or out of range");
    if (seconds < 1) throw new CommandError("ERR maxage should be greater than 0");
    return ({ client }) => server.clock.monotonicMs - client.createdAtMs >= seconds * 1000;
  }
  if (options.is("addr", 1)) {
    const address = args.latin1(options.value());
    return ({ client }) => client.channel.remoteAddress === address;
  }
  if (options.is("laddr", 1)) {
    const address = args.latin1(options.value());
    return ({ client }) => client.channel.localAddress === address;
  }
  if (!options.is("user", 1)) options.refuse();
  const user = args.latin1(options.value());
  if (user !== "default") throw new CommandError(`ERR No such user '${user}'`);
  return ({ client }) => client.user === user;
}

function readYesNo(args: Arguments, index: number): boolean {
  if (args.is(index, "yes")) return true;
  if (args.is(index, "no")) return false;
  throw new CommandError(errors.syntax);
}
