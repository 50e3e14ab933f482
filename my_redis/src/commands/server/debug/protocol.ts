import { CommandError } from "../../../protocol/command-error.ts";
import type { ReplyWriter } from "../../../protocol/reply-writer.ts";
import type { DebugSubcommand } from "./debug-subcommand.ts";

/** A reply of each protocol type, for tests of clients. */
const samples: Readonly<Record<string, (reply: ReplyWriter) => void>> = {
  string: (reply) => reply.bulkText("Hello World"),
  integer: (reply) => reply.integer(12345),
  double: (reply) => reply.double("3.141"),
  bignum: (reply) => reply.bigNumber("1234567999999999999999999999999999999"),
  null: (reply) => reply.null(),
  array: (reply) => {
    reply.array(3);
    for (let value = 0; value < 3; value++) reply.integer(value);
  },
  set: (reply) => {
    reply.set(3);
    for (let value = 0; value < 3; value++) reply.integer(value);
  },
  map: (reply) => {
    reply.map(3);
    for (let value = 0; value < 3; value++) {
      reply.integer(value);
      reply.boolean(value === 1);
    }
  },
  attrib: (reply) => {
    if (reply.protocol === 3) {
      reply.attribute(1);
      reply.bulkText("key-popularity");
      reply.array(2);
      reply.bulkText("key:123");
      reply.integer(90);
    }
    reply.bulkText("Some real reply following the attribute");
  },
  push: (reply) => {
    if (reply.protocol === 2) throw new CommandError("ERR RESP2 is not supported by this command");
    reply.push(2);
    reply.bulkText("server-cpu-usage");
    reply.integer(42);
    reply.bulkText("Some real reply following the push reply");
  },
  verbatim: (reply) => reply.verbatim("txt", "This is a verbatim\nstring"),
  true: (reply) => reply.boolean(true),
  false: (reply) => reply.boolean(false),
};

export const debugProtocol: DebugSubcommand = {
  name: "PROTOCOL",
  usage: "<type>",
  summary: `Answers with a reply of the given type: ${Object.keys(samples).join(", ")}.`,
  counts: [3, 3],
  run(_context, args, reply) {
    const type = args.latin1(2).toLowerCase();
    const sample = Object.hasOwn(samples, type) ? samples[type] : undefined;
    if (sample === undefined) {
      const types = Object.keys(samples).join("|");
      throw new CommandError(`ERR Wrong protocol type name. Please use one of the following: ${types}`);
    }
    sample(reply);
  },
};
