import { command } from "../../dispatch/command.ts";
import { container } from "../../dispatch/container.ts";
import { CommandError } from "../../protocol/command-error.ts";

const load = command({
  name: "SCRIPT LOAD",
  group: "scripting",
  since: "2.6.0",
  complexity: "O(N) for a script of N bytes",
  summary: "Caches a script for EVALSHA, and returns its SHA1 digest.",
  syntax: "script",
  flags: ["noscript", "stale"],
  tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
  run({ server }, args, reply) {
    reply.bulkText(server.scripts.engine.load(args.view(2)).sha1);
  },
});

const exists = command({
  name: "SCRIPT EXISTS",
  group: "scripting",
  since: "2.6.0",
  complexity: "O(N) for N digests",
  summary: "Returns for each digest whether its script is cached.",
  syntax: "sha1...",
  flags: ["noscript"],
  tips: ["request_policy:all_shards", "response_policy:agg_logical_and"],
  run({ server }, args, reply) {
    const { engine } = server.scripts;
    reply.array(args.count - 2);
    for (let index = 2; index < args.count; index++) {
      reply.integer(engine.find(args.buffer, args.start(index), args.end(index)) === undefined ? 0 : 1);
    }
  },
});

const flush = command({
  name: "SCRIPT FLUSH",
  group: "scripting",
  since: "2.6.0",
  complexity: "O(N) for N scripts",
  summary: "Removes all cached scripts.",
  syntax: "[ASYNC | SYNC]",
  flags: ["noscript"],
  tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
  run({ server }, args, reply) {
    if (args.count > 3 || (args.count === 3 && !args.is(2, "sync") && !args.is(2, "async"))) {
      throw new CommandError("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
    }
    server.scripts.engine.flush();
    reply.ok();
  },
});

const kill = command({
  name: "SCRIPT KILL",
  group: "scripting",
  since: "2.6.0",
  complexity: "O(1)",
  brief: true,
  summary: "Stops the running script, if it has not written anything.",
  flags: ["noscript", "allow_busy"],
  tips: ["request_policy:all_shards", "response_policy:one_succeeded"],
  run({ server }, _args, reply) {
    server.scripts.kill();
    reply.ok();
  },
});

const debug = command({
  name: "SCRIPT DEBUG",
  group: "scripting",
  since: "3.2.0",
  complexity: "O(1)",
  brief: true,
  summary: "Accepts only NO, because this server has no script debugger.",
  syntax: "(YES | SYNC | NO)",
  flags: ["noscript"],
  run(_context, args, reply) {
    if (args.is(2, "yes") || args.is(2, "sync")) throw new CommandError("ERR there is no Lua debugger in this server");
    if (!args.is(2, "no")) throw new CommandError("ERR Use SCRIPT DEBUG YES/SYNC/NO");
    reply.ok();
  },
});

export const script = container({
  name: "SCRIPT",
  group: "scripting",
  since: "2.6.0",
  complexity: "Depends on the subcommand.",
  summary: "Groups the commands that manage cached scripts.",
  flags: [],
  helpSince: "5.0.0",
  subcommands: [debug, exists, flush, kill, load],
});
