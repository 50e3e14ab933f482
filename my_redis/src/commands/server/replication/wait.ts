import type { Client, TimeoutReply } from "../../../dispatch/client.ts";
import { command, type CommandDefinition } from "../../../dispatch/command.ts";
import type { Arguments } from "../../../protocol/arguments.ts";
import { CommandError } from "../../../protocol/command-error.ts";
import type { ReplyWriter } from "../../../protocol/reply-writer.ts";

const shared = {
  group: "generic",
  brief: true,
  flags: ["blocking"],
  categories: ["connection"],
  tips: ["request_policy:all_shards", "response_policy:agg_min"],
} as const satisfies Partial<CommandDefinition>;

export const wait = command({
  ...shared,
  name: "WAIT",
  since: "3.0.0",
  complexity: "O(N) where N is the number of replicas",
  summary: "Waits until replicas have received the changes made so far, and counts these replicas.",
  syntax: "numreplicas:integer timeout:integer",
  run(context, args, reply) {
    const { client, server } = context;
    const { execution, replication } = server;
    if (execution.followsPrimary) throw new CommandError(notOnReplica);
    checkAllHere(client);
    const wanted = args.integer(1);
    const timeoutMs = readTimeout(args, 2);
    const count = (): number => replication?.acknowledgements({ client }).replicas ?? 0;
    const reached = count();
    const timeoutReply: TimeoutReply = (writer) => writer.integer(count());
    if (reached < wanted && context.blockOn(args, [], { timeoutMs, timeoutReply }) === "blocked") return;
    reply.integer(reached);
  },
});

/** What other nodes of a ring have written for the client is not in the stream of this one: its replicas say nothing of it. */
function checkAllHere({ relaying }: Client): void {
  if (relaying !== undefined) throw new CommandError(doneElsewhere);
}

const doneElsewhere =
  "ERR WAIT and WAITAOF count the replicas of one node, and other nodes have carried out requests of this connection. " +
  "Connect to the owner of the keys.";
const notOnReplica =
  "ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is configured to " +
  "be writable (which is not the default) writes to replicas are just local and are not propagated.";

export const waitAof = command({
  ...shared,
  name: "WAITAOF",
  since: "7.2.0",
  complexity: "O(1)",
  summary: "Waits until the changes made so far are on the disks of this server and of replicas, and counts these.",
  syntax: "numlocal:integer numreplicas:integer timeout:integer",
  run(context, args, reply) {
    const { client, server } = context;
    const { execution, replication, storage } = server;
    const local = args.integer(1);
    if (local < 0 || local > 1) throw new CommandError("ERR value is out of range, value must between 0 and 1");
    const replicas = args.integer(2);
    if (replicas < 0) throw new CommandError("ERR value is out of range, must be positive");
    const timeoutMs = readTimeout(args, 3);
    if (execution.followsPrimary) throw new CommandError(notForDisksOfReplica);
    checkAllHere(client);
    if (local > 0 && storage?.log.isOn !== true) throw new CommandError(noLog);
    const count = (): [local: number, replicas: number] => {
      const counted = replication?.acknowledgements({ client });
      return counted === undefined ? [0, 0] : [counted.isOnDisk ? 1 : 0, counted.disksOfReplicas];
    };
    const reached = count();
    const isReached = reached[0] >= local && reached[1] >= replicas;
    const timeoutReply: TimeoutReply = (writer) => writeCounts(writer, count());
    if (!isReached && context.blockOn(args, [], { timeoutMs, timeoutReply }) === "blocked") return;
    writeCounts(reply, reached);
  },
});

function writeCounts(reply: ReplyWriter, counts: readonly number[]): void {
  reply.array(counts.length);
  for (const count of counts) reply.integer(count);
}

function readTimeout(args: Arguments, index: number): number {
  const timeoutMs = args.integer(index, "ERR timeout is not an integer or out of range");
  if (timeoutMs < 0) throw new CommandError("ERR timeout is negative");
  return timeoutMs;
}

const notForDisksOfReplica =
  "ERR WAITAOF cannot be used with replica instances. Please also note that writes to replicas are just local and are " +
  "not propagated.";
const noLog = "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.";
