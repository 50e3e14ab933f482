import { command } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError } from "../../protocol/command-error.ts";
import { type ConsumerGroup, unknownEntriesRead } from "../../values/stream/consumer-group.ts";
import { type Count64, count64 } from "../../values/stream/count-64.ts";
import type { Stream } from "../../values/stream/stream.ts";
import { StreamId } from "../../values/stream/stream-id.ts";
import { xgroupHelp } from "./help.ts";
import { readStreamId } from "./stream-id-argument.ts";
import { createStream, findStream } from "../../collections/stream-value.ts";
import { OptionReader } from "../options/option-reader.ts";

const id = new StreamId();

const keyMissing =
  "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option " +
  "to create an empty stream automatically.";

const onKey = {
  group: "stream",
  since: "5.0.0",
  complexity: "O(1)",
} as const;

interface GroupOptions {
  makeStream: boolean;
  entriesRead: Count64;
}

function readOptions(args: Arguments, mayMakeStream: boolean): GroupOptions {
  const found: GroupOptions = { makeStream: false, entriesRead: unknownEntriesRead };
  const options = new OptionReader(args, 5);
  while (options.next()) {
    if (mayMakeStream && options.is("mkstream")) {
      found.makeStream = true;
    } else if (options.is("entriesread", 1)) {
      found.entriesRead = count64(args.int64(options.value()));
      if (found.entriesRead < unknownEntriesRead) {
        throw new CommandError("ERR value for ENTRIESREAD must be positive or -1");
      }
    } else {
      throw unknownForm(args);
    }
  }
  return found;
}

const unknownForm = (args: Arguments): CommandError =>
  new CommandError(`ERR unknown subcommand or wrong number of arguments for '${args.latin1(1)}'. Try XGROUP HELP.`);

function requireStream({ database }: Context, args: Arguments): Stream {
  const stream = findStream(database, args, 2);
  if (stream === undefined) throw new CommandError(keyMissing);
  return stream;
}

function requireGroup(context: Context, args: Arguments): ConsumerGroup {
  const group = requireStream(context, args).group(args.latin1(3));
  if (group === undefined) {
    throw new CommandError(`NOGROUP No such consumer group '${args.latin1(3)}' for key name '${args.latin1(2)}'`);
  }
  return group;
}

/** Reads a new group's position from argument 4 into `id`: an id, or "$" for the last one. */
function readPosition(args: Arguments, stream: Stream | undefined): void {
  if (!args.is(4, "$")) readStreamId(args, 4, id);
  else if (stream === undefined) id.setLowest();
  else id.copy(stream.lastId);
}

const create = command({
  ...onKey,
  name: "XGROUP CREATE",
  brief: true,
  summary: "Creates a consumer group, which begins to read after a given id.",
  syntax: "key group (id | $) [MKSTREAM] [ENTRIESREAD=entries-read:integer]",
  flags: ["write", "denyoom"],
  keys: keyAt(2, "RW insert"),
  run(context, args, reply) {
    const { database } = context;
    const options = readOptions(args, true);
    let stream = findStream(database, args, 2);
    if (stream === undefined && !options.makeStream) throw new CommandError(keyMissing);
    if (args.count > 8) throw unknownForm(args);
    readPosition(args, stream);
    stream ??= createStream(database, args, 2);
    const name = args.latin1(3);
    if (stream.group(name) !== undefined) throw new CommandError("BUSYGROUP Consumer Group name already exists");
    stream.addGroup(name, id, options.entriesRead);
    database.changed(args, 2, "xgroup-create");
    reply.ok();
  },
});

const setId = command({
  ...onKey,
  name: "XGROUP SETID",
  brief: true,
  summary: "Sets the id after which a consumer group goes on reading.",
  syntax: "key group (id | $) [ENTRIESREAD=entries-read:integer]",
  flags: ["write"],
  keys: keyAt(2, "RW update"),
  run(context, args, reply) {
    const { entriesRead } = readOptions(args, false);
    const group = requireGroup(context, args);
    if (args.count > 7) throw unknownForm(args);
    // As in Redis, SETID also accepts "-" and "+", which CREATE does not.
    if (args.is(4, "-")) id.setLowest();
    else if (args.is(4, "+")) id.setHighest();
    else readPosition(args, requireStream(context, args));
    group.lastId.copy(id);
    group.entriesRead = entriesRead;
    context.database.changed(args, 2, "xgroup-setid");
    reply.ok();
  },
});

const destroy = command({
  ...onKey,
  name: "XGROUP DESTROY",
  complexity: "O(N) for N entries that are pending in the group.",
  summary: "Removes a consumer group with its pending entries.",
  syntax: "key group",
  flags: ["write"],
  keys: keyAt(2, "RW delete"),
  run(context, args, reply) {
    const removed = requireStream(context, args).removeGroup(args.latin1(3));
    if (removed) context.database.changed(args, 2, "xgroup-destroy");
    reply.integer(removed ? 1 : 0);
  },
});

const createConsumer = command({
  ...onKey,
  name: "XGROUP CREATECONSUMER",
  since: "6.2.0",
  brief: true,
  summary: "Creates a consumer in a group; returns 0 if it exists already.",
  syntax: "key group consumer",
  flags: ["write", "denyoom"],
  keys: keyAt(2, "RW insert"),
  run(context, args, reply) {
    const group = requireGroup(context, args);
    const name = args.latin1(4);
    const exists = group.consumer(name) !== undefined;
    if (!exists) {
      group.addConsumer(name, context.now);
      context.database.changed(args, 2, "xgroup-createconsumer");
    }
    reply.integer(exists ? 0 : 1);
  },
});

const delConsumer = command({
  ...onKey,
  name: "XGROUP DELCONSUMER",
  complexity: "O(N) for N entries that are pending with the consumer.",
  summary: "Removes a consumer from a group; returns how many pending entries it had.",
  syntax: "key group consumer",
  flags: ["write"],
  keys: keyAt(2, "RW delete"),
  run(context, args, reply) {
    const group = requireGroup(context, args);
    const consumer = group.consumer(args.latin1(4));
    if (consumer === undefined) {
      reply.integer(0);
      return;
    }
    reply.integer(group.removeConsumer(consumer));
    context.database.changed(args, 2, "xgroup-delconsumer");
  },
});

export const xgroup = command({
  name: "XGROUP",
  group: "stream",
  since: "5.0.0",
  complexity: "Depends on the subcommand.",
  summary: "Groups the commands that manage the consumer groups of a stream.",
  flags: [],
  subcommands: [create, createConsumer, delConsumer, destroy, xgroupHelp, setId],
});
