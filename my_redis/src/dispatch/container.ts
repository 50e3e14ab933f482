import { usageOf } from "./describe/syntax-usage.ts";
import { type Command, command, type CommandDefinition } from "./command.ts";

/** Declares a command that is a family of subcommands. The reply of HELP is made from their entries. */
export function container(
  definition: CommandDefinition & {
    readonly subcommands: readonly Command[];
    /** The Redis version that introduced HELP. */
    readonly helpSince: string;
  },
): Command {
  const { helpSince, ...rest } = definition;
  const subcommands = [...definition.subcommands];
  subcommands.push(
    command({
      name: `${definition.name} HELP`,
      group: definition.group,
      since: helpSince,
      complexity: "O(1)",
      brief: true,
      summary: "Prints this help.",
      flags: ["loading", "stale"],
      ...(definition.categories === undefined ? {} : { categories: definition.categories }),
      run: (_context, _args, reply) => {
        const lines = helpLines(definition.name, subcommands);
        reply.array(lines.length);
        for (const line of lines) reply.simple(line);
      },
    }),
  );
  return command({ ...rest, subcommands });
}

function helpLines(name: string, subcommands: readonly Command[]): string[] {
  const lines = [`${name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`];
  for (const { name: subcommand, usage, syntax, summary } of subcommands) {
    lines.push(`${subcommand} ${usage ?? usageOf(syntax)}`.trimEnd(), `    ${summary}`);
  }
  return lines;
}
