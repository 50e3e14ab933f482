import { command } from "../../../dispatch/command.ts";
import type { Arguments } from "../../../protocol/arguments.ts";
import { allNames, type DirectiveName, findDirective } from "../../../settings/directives.ts";
import { globMatches } from "../../../values/glob-pattern.ts";

export const configGet = command({
  name: "CONFIG GET",
  group: "server",
  since: "2.0.0",
  complexity: "O(N) where N is the number of directives",
  summary: "Returns the directives that match the patterns, with their values.",
  syntax: "{parameter}...",
  usage: "<pattern> [<pattern> ...]",
  flags: ["admin", "noscript", "loading", "stale"],
  run({ server }, args, reply) {
    const found = matchingDirectives(args);
    reply.map(found.size);
    for (const [shown, name] of found) {
      reply.bulkText(shown);
      reply.bulk(Buffer.from(server.settings.print(name)));
    }
  },
});

/** The displayed name and its directive. A name without wildcards is shown as the client wrote it. */
function matchingDirectives(args: Arguments): Map<string, DirectiveName> {
  const found = new Map<string, DirectiveName>();
  const seen = new Set<string>();
  for (let index = 2; index < args.count; index++) {
    const pattern = args.text(index);
    const isPattern = /[*?[]/.test(pattern);
    for (const name of isPattern ? matching(args.view(index)) : [pattern]) {
      const directive = findDirective(name);
      if (directive === undefined || seen.has(name.toLowerCase())) continue;
      seen.add(name.toLowerCase());
      found.set(name, directive);
    }
  }
  return found;
}

function matching(pattern: Uint8Array): string[] {
  return [...allNames()].filter((name) => {
    const bytes = Buffer.from(name);
    return globMatches(pattern, bytes, 0, bytes.length, true);
  });
}
