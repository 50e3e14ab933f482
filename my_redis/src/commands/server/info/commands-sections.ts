import type { Command } from "../../../dispatch/command.ts";
import type { Services } from "../../../dispatch/context.ts";
import type { InfoLine, InfoSection } from "./section.ts";

export const commandstatsSection: InfoSection = {
  name: "commandstats",
  title: "Commandstats",
  byDefault: false,
  lines: (server) => usedCommands(server).map(describe),
};

const everyCommand = ({ commands }: Services): Command[] =>
  [...commands.all()].flatMap((entry) => [entry, ...commands.subcommandsOf(entry)]);

function usedCommands(server: Services): Command[] {
  return everyCommand(server).filter(
    ({ statistics }) => statistics.calls + statistics.rejectedCalls + statistics.failedCalls > 0,
  );
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
  lines: ({ observers: { statistics } }) =>
    [...statistics.errorsByCode].map(([code, count]): InfoLine => [`errorstat_${code}`, `count=${count}`]),
};

export const latencystatsSection: InfoSection = {
  name: "latencystats",
  title: "Latencystats",
  byDefault: false,
  lines(server) {
    const { values } = server.settings;
    if (!values["latency-tracking"]) return [];
    const percentiles = values["latency-tracking-info-percentiles"];
    return everyCommand(server).flatMap(({ fullName, statistics: { durations } }): InfoLine[] => {
      if (durations === undefined) return [];
      const texts = percentiles.map((each) => `p${each}=${(durations.percentile(each) / 1000).toFixed(3)}`);
      return [[`latency_percentiles_usec_${fullName}`, texts.join(",")]];
    });
  },
};

export const modulesSection: InfoSection = { name: "modules", title: "Modules", byDefault: true, lines: () => [] };
