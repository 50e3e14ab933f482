import { command } from "../../dispatch/command.ts";
import { container } from "../../dispatch/container.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { OptionReader } from "../options/option-reader.ts";

const flush = command({
  name: "FUNCTION FLUSH",
  group: "scripting",
  since: "7.0.0",
  complexity: "O(N) where N is the number of functions deleted",
  summary: "Deletes all libraries of functions. There are none yet.",
  syntax: "[ASYNC | SYNC]",
  flags: ["write", "noscript"],
  tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
  run(_context, args, reply) {
    if (args.count > 3) throw new CommandError(errors.subcommandSyntax(args.latin1(1), "function"));
    if (args.count === 3 && !args.is(2, "async") && !args.is(2, "sync")) {
      throw new CommandError("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
    }
    reply.ok();
  },
});

const list = command({
  name: "FUNCTION LIST",
  group: "scripting",
  since: "7.0.0",
  complexity: "O(N) where N is the number of functions",
  summary: "Lists the libraries of functions. There are none yet.",
  syntax: "[LIBRARYNAME=library-name-pattern] [WITHCODE]",
  usage: "[LIBRARYNAME <pattern>] [WITHCODE]",
  flags: ["noscript"],
  tips: ["nondeterministic_output_order"],
  run(_context, args, reply) {
    let withCode = false;
    let named = false;
    const options = new OptionReader(args, 2);
    while (options.next()) {
      if (!withCode && options.is("withcode")) {
        withCode = true;
      } else if (!named && options.is("libraryname")) {
        named = true;
        if (options.value() >= args.count) throw new CommandError("ERR library name argument was not given");
      } else {
        throw new CommandError(`ERR Unknown argument ${args.latin1(options.index)}`);
      }
    }
    reply.array(0);
  },
});

export const functionCommand = container({
  name: "FUNCTION",
  group: "scripting",
  since: "7.0.0",
  complexity: "Depends on the subcommand.",
  summary: "Groups the commands about libraries of functions, which cannot be loaded yet.",
  flags: [],
  helpSince: "7.0.0",
  subcommands: [flush, list],
});
