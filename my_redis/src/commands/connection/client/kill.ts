import { command } from "../../../dispatch/command.ts";
import type { Context } from "../../../dispatch/context.ts";
import type { Arguments } from "../../../protocol/arguments.ts";
import { CommandError, errors } from "../../../protocol/command-error.ts";
import { kindOf, readClientKind } from "./client-kind.ts";

type Filter = (candidate: Context) => boolean;

export const clientKill = command({
  name: "KILL",
  group: "connection",
  since: "2.4.0",
  complexity: "O(N) where N is the number of client connections",
  summary: "Closes connections: the one with an address, or all that fit the filters.",
  usage:
    "<ip:port> | [ID <client-id>] [TYPE <type>] [USER <name>] [ADDR <ip:port>] [LADDR <ip:port>] [SKIPME (YES|NO)]",
  flags: ["admin", "noscript", "loading", "stale"],
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
    // Who kills himself is told so first.
    if (each === context) each.client.channel.closeAfterReplies();
    else each.client.channel.kill();
  }
  return found.length;
}

function readFilters(context: Context, args: Arguments): { filters: Filter[]; skipMe: boolean } {
  const filters: Filter[] = [];
  let skipMe = true;
  for (let index = 2; index < args.count; index += 2) {
    const value = index + 1;
    if (value >= args.count) throw new CommandError(errors.syntax);
    if (args.is(index, "skipme")) skipMe = readYesNo(args, value);
    else filters.push(readFilter(context, args, index));
  }
  return { filters, skipMe };
}

function readFilter({ server }: Context, args: Arguments, index: number): Filter {
  const text = args.latin1(index + 1);
  if (args.is(index, "id")) {
    const id = args.integer(index + 1, "ERR client-id should be greater than 0");
    if (id < 1) throw new CommandError("ERR client-id should be greater than 0");
    return ({ client }) => client.id === id;
  }
  if (args.is(index, "type")) {
    const kind = readClientKind(args, index + 1);
    return ({ client }) => kindOf(client) === kind;
  }
  if (args.is(index, "addr")) return ({ client }) => client.channel.remoteAddress === text;
  if (args.is(index, "laddr")) return ({ client }) => client.channel.localAddress === text;
  if (args.is(index, "user")) {
    if (text !== "default") throw new CommandError(`ERR No such user '${text}'`);
    return ({ client }) => client.user === text;
  }
  if (args.is(index, "maxage")) {
    const seconds = args.integer(index + 1, "ERR maxage is not an integer or out of range");
    if (seconds < 1) throw new CommandError("ERR maxage should be greater than 0");
    return ({ client }) => server.clock.nowMs - client.createdAtMs >= seconds * 1000;
  }
  throw new CommandError(errors.syntax);
}

function readYesNo(args: Arguments, index: number): boolean {
  if (args.is(index, "yes")) return true;
  if (args.is(index, "no")) return false;
  throw new CommandError(errors.syntax);
}
