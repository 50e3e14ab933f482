import { command, type Command } from "../../../dispatch/command.ts";
import { keyAccesses } from "../../../dispatch/describe/key-access.ts";
import { keyPositions, mayHaveKeys } from "../../../dispatch/command-keys.ts";
import type { Context } from "../../../dispatch/context.ts";
import { Arguments } from "../../../protocol/arguments.ts";
import { CommandError } from "../../../protocol/command-error.ts";

const facts = {
  group: "server",
  complexity: "O(N) where N is the number of arguments to the command",
  syntax: "command [arg...]",
  flags: ["loading", "stale"],
  categories: ["connection"],
} as const;

export const commandGetkeys = command({
  ...facts,
  name: "COMMAND GETKEYS",
  since: "2.8.13",
  summary: "Returns the keys of a complete command.",
  // Redis requires an argument behind the command.
  arity: -4,
  run(context, args, reply) {
    const { request, positions } = findKeys(context, args);
    reply.array(positions.length);
    for (const index of positions) reply.bulk(request.buffer, request.start(index), request.end(index));
  },
});

export const commandGetkeysandflags = command({
  ...facts,
  name: "COMMAND GETKEYSANDFLAGS",
  since: "7.0.0",
  summary: "Returns the keys of a complete command, and how it uses them.",
  // Redis requires an argument behind the command.
  arity: -4,
  run(context, args, reply) {
    const { found, request, positions } = findKeys(context, args);
    const accesses = keyAccesses(found, request, positions);
    reply.array(positions.length);
    for (const [number, index] of positions.entries()) {
      const flags = accesses[number] ?? [];
      reply.array(2);
      reply.bulk(request.buffer, request.start(index), request.end(index));
      reply.set(flags.length);
      for (const flag of flags) reply.simple(flag);
    }
  },
});

interface FoundKeys {
  readonly found: Command;
  readonly request: Arguments;
  readonly positions: readonly number[];
}

/** The command that begins at argument 2, with the positions of its keys. */
function findKeys({ server }: Context, args: Arguments): FoundKeys {
  const words = Array.from({ length: args.count - 2 }, (_, index) => args.view(index + 2));
  const request = Arguments.from(words);
  const found = resolveName(server.commands, request);
  if (found === undefined) throw new CommandError("ERR Invalid command specified");
  if (!mayHaveKeys(found) || namesChannels(found)) throw new CommandError("ERR The command has no key arguments");
  const { arity } = found;
  if (arity > 0 ? request.count !== arity : request.count < -arity) {
    throw new CommandError("ERR Invalid number of arguments specified for command");
  }
  const positions = keyPositions(found, request);
  if (positions.length === 0 && !found.flagSet.has("no_mandatory_keys")) {
    throw new CommandError("ERR Invalid arguments specified for command");
  }
  return { found, request, positions };
}

/** A shard channel is routed like a key, but is not one. */
const namesChannels = (found: Command): boolean => found.keySpecifications.some(({ access }) => access === "not_key");

function resolveName(table: Context["server"]["commands"], request: Arguments): Command | undefined {
  const found = table.find(request);
  if (found === undefined || found.subcommands === undefined || request.count === 1) return found;
  return table.findSubcommand(found, request) ?? (found.run === undefined ? undefined : found);
}
