import { command } from "../../../dispatch/command.ts";
import type { Context } from "../../../dispatch/context.ts";
import type { Arguments } from "../../../protocol/arguments.ts";
import { CommandError, errors } from "../../../protocol/command-error.ts";

const maxAddressBytes = 255;
/** Replicas from Redis 7.2 on say their version. The other ones ask for less than is sent. */
const passedOver = ["version", "rdb-only", "rdb-filter-only"];

export const replconf = command({
  name: "REPLCONF",
  group: "server",
  since: "3.0.0",
  complexity: "O(1)",
  brief: true,
  summary: "Tells the primary about a replica. For servers, not for clients.",
  arity: -1,
  flags: ["admin", "noscript", "loading", "stale", "allow_busy"],
  run(context, args, reply) {
    if (args.count % 2 === 0) throw new CommandError(errors.syntax);
    for (let index = 1; index < args.count; index += 2) {
      // Acknowledgements come over the connections of replicas, which this command never sees.
      if (args.is(index, "ack") || args.is(index, "getack")) return;
      introduce(context, args, index);
    }
    reply.ok();
  },
});

function introduce({ client, server }: Context, args: Arguments, index: number): void {
  const { replication } = server;
  const value = index + 1;
  if (args.is(index, "listening-port")) {
    replication?.introduce({ client }, { port: args.integer(value) });
  } else if (args.is(index, "ip-address")) {
    if (args.length(value) > maxAddressBytes) {
      throw new CommandError(
        `ERR REPLCONF ip-address provided by replica instance is too long: ${args.length(value)} bytes`,
      );
    }
    const address = args.latin1(value);
    // It stands in INFO and in the log, where a line break would begin another line.
    if (!/^[\x21-\x7e]*$/.test(address)) throw new CommandError("ERR REPLCONF ip-address is no address");
    replication?.introduce({ client }, { address });
  } else if (args.is(index, "capa")) {
    replication?.introduce(
      { client },
      { takesEndMark: args.is(value, "eof"), takesSecondId: args.is(value, "psync2") },
    );
  } else if (!passedOver.some((option) => args.is(index, option))) {
    throw new CommandError(`ERR Unrecognized REPLCONF option: ${args.latin1(index)}`);
  }
}
