import { type Command, command } from "../../dispatch/command.ts";

/** The subcommand HELP, which replies with lines of text as Redis does. */
const help = (container: string, lines: readonly string[]): Command =>
  command({
    name: `${container} HELP`,
    group: "stream",
    since: "5.0.0",
    complexity: "O(1)",
    brief: true,
    summary: "Lists the subcommands.",
    flags: ["loading", "stale"],
    run(_context, _args, reply) {
      reply.array(lines.length + 3);
      reply.simple(`${container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`);
      for (const line of lines) reply.simple(line);
      reply.simple("HELP");
      reply.simple("    Prints this help.");
    },
  });

export const xgroupHelp = help("XGROUP", [
  "CREATE <key> <groupname> <id|$> [option]",
  "    Create a new consumer group. Options are:",
  "    * MKSTREAM",
  "      Create the empty stream if it does not exist.",
  "    * ENTRIESREAD entries_read",
  "      Set the group's entries_read counter (internal use).",
  "CREATECONSUMER <key> <groupname> <consumer>",
  "    Create a new consumer in the specified group.",
  "DELCONSUMER <key> <groupname> <consumer>",
  "    Remove the specified consumer.",
  "DESTROY <key> <groupname>",
  "    Remove the specified group.",
  "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
  "    Set the current group ID and entries_read counter.",
]);

export const xinfoHelp = help("XINFO", [
  "CONSUMERS <key> <groupname>",
  "    Show consumers of <groupname>.",
  "GROUPS <key>",
  "    Show the stream consumer groups.",
  "STREAM <key> [FULL [COUNT <count>]",
  "    Show information about the stream.",
]);
