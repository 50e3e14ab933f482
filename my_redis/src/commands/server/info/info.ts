import { command } from "../../../dispatch/command.ts";
import type { Arguments } from "../../../protocol/arguments.ts";
import type { Services } from "../../../dispatch/context.ts";
import { clientsSection } from "./clients-section.ts";
import { commandstatsSection, errorstatsSection, latencystatsSection, modulesSection } from "./commands-sections.ts";
import { keyspaceSection } from "./keyspace-section.ts";
import { memorySection } from "./memory-section.ts";
import { persistenceSection } from "./persistence-section.ts";
import { clusterSection, replicationSection } from "./replication-section.ts";
import type { InfoLine, InfoSection } from "./section.ts";
import { cpuSection, serverSection } from "./server-section.ts";
import { statsSection } from "./stats-section.ts";

/** In the order in which INFO shows them. */
const sections: readonly InfoSection[] = [
  serverSection,
  clientsSection,
  memorySection,
  persistenceSection,
  statsSection,
  replicationSection,
  cpuSection,
  modulesSection,
  commandstatsSection,
  errorstatsSection,
  latencystatsSection,
  clusterSection,
  keyspaceSection,
];

export const info = command({
  name: "INFO",
  group: "server",
  since: "1.0.0",
  complexity: "O(1)",
  brief: true,
  summary: "Returns facts and statistics about the server, in sections.",
  syntax: "[section...]",
  flags: ["loading", "stale"],
  categories: ["dangerous"],
  tips: ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
  run({ server }, args, reply) {
    reply.verbatim("txt", infoText(server, wantedSections(args)));
  },
});

function wantedSections(args: Arguments): readonly InfoSection[] {
  if (args.count === 1) return sections.filter(({ byDefault }) => byDefault);
  const wanted = new Set(Array.from({ length: args.count - 1 }, (_, index) => args.latin1(index + 1).toLowerCase()));
  if (wanted.has("all") || wanted.has("everything")) return sections;
  return sections.filter(({ name, byDefault }) => wanted.has(name) || (byDefault && wanted.has("default")));
}

/** What INFO says in all of its sections, by their names. */
export const linesOfAllSections = (server: Services): (readonly [section: string, lines: readonly InfoLine[]])[] =>
  sections.map((section) => [section.name, linesOf(server, section)]);

const linesOf = (server: Services, section: InfoSection): readonly InfoLine[] => [
  ...section.lines(server),
  ...server.info.linesOf(section.name),
];

function infoText(server: Services, wanted: readonly InfoSection[]): string {
  return wanted
    .map((section) => {
      const lines = linesOf(server, section);
      return `# ${section.title}\r\n${lines.map(([name, value]) => `${name}:${value}\r\n`).join("")}`;
    })
    .join("\r\n");
}
