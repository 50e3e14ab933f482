import type { Command } from "../../../command/command.ts";
import type { Server } from "../../../server.ts";
import type { InfoLine, InfoSection } from "./section.ts";

export const commandstatsSection: InfoSection = {
  name: "commandstats",
  title: "Commandstats",
  byDefault: false,
  lines: (server) => usedCommands(server).map(describe),
};

function usedCommands({ commands }: Server): Command[] {
  const all = [...commands.all()].flatMap((entry) => [entry, ...commands.subcommandsOf(entry)]);
  return all.filter(({ statistics }) => statistics.calls + statistics.rejectedCalls + statistics.failedCalls > 0);
}

function describe({ fullName, statistics }: Command): InfoLine {
  const { calls, microseconds, rejectedCalls, failedCalls } = statistics;
  const mean = calls === 0 ? 0 : microseconds / calls;
  const facts = [
    `calls=${calls}`,
    `usec=${Math.round(microseconds)}`,
    `usec_per_call=${mean.toFixed(2)}`,
    `rejected_calls=${rejectedCalls}`,
    `failed_calls=${failedCalls}`,
  ];
  return [`cmdstat_${fullName}`, facts.join(",")];
}

export const errorstatsSection: InfoSection = {
  name: "errorstats",
  title: "Errorstats",
  byDefault: true,
  lines: ({ statistics }) =>
    [...statistics.errorsByCode].map(([code, count]): InfoLine => [`errorstat_${code}`, `count=${count}`]),
};

export const latencystatsSection: InfoSection = {
  name: "latencystats",
  title: "Latencystats",
  byDefault: false,
  lines: () => [],
};

export const modulesSection: InfoSection = { name: "modules", title: "Modules", byDefault: true, lines: () => [] };
