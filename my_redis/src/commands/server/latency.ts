import { type Command, command } from "../../dispatch/command.ts";
import type { CommandTable } from "../../dispatch/command-table.ts";
import { container } from "../../dispatch/container.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError } from "../../protocol/command-error.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";

const facts = {
  group: "server",
  since: "2.8.13",
  complexity: "O(1)",
  flags: ["admin", "noscript", "loading", "stale"],
} as const;

const latest = command({
  ...facts,
  name: "LATENCY LATEST",
  brief: true,
  summary: "Returns the latest slow event of each kind: time, milliseconds and the worst.",
  tips: ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
  run({ server }, _args, reply) {
    const events = server.observers.latency.latest();
    reply.array(events.length);
    for (const { event, sample, worstMs } of events) {
      reply.array(4);
      reply.bulkText(event);
      reply.integer(sample.atSeconds);
      reply.integer(sample.milliseconds);
      reply.integer(worstMs);
    }
  },
});

const history = command({
  ...facts,
  name: "LATENCY HISTORY",
  brief: true,
  summary: "Returns the slow events of a kind: time and milliseconds.",
  syntax: "event",
  tips: ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
  run({ server }, args, reply) {
    const samples = server.observers.latency.history(args.latin1(2));
    reply.array(samples.length);
    for (const { atSeconds, milliseconds } of samples) {
      reply.array(2);
      reply.integer(atSeconds);
      reply.integer(milliseconds);
    }
  },
});

const reset = command({
  ...facts,
  name: "LATENCY RESET",
  brief: true,
  summary: "Removes the slow events of the given kinds, or all.",
  syntax: "[event...]",
  tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
  run({ server }, args, reply) {
    const events = Array.from({ length: args.count - 2 }, (_, index) => args.latin1(index + 2));
    reply.integer(server.observers.latency.reset(events));
  },
});

const graph = command({
  ...facts,
  name: "LATENCY GRAPH",
  brief: true,
  summary: "Draws the slow events of a kind, one line each.",
  syntax: "event",
  tips: ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
  run({ server, now }, args, reply) {
    const event = args.latin1(2);
    const samples = server.observers.latency.history(event);
    if (samples.length === 0) throw new CommandError(`ERR No samples available for event '${event}'`);
    const worstMs = Math.max(1, ...samples.map(({ milliseconds }) => milliseconds));
    const lines = samples.map(({ atSeconds, milliseconds }) => {
      const bar = "#".repeat(Math.max(1, Math.round((milliseconds / worstMs) * 40)));
      return `${bar.padEnd(41)}${milliseconds} ms, ${Math.max(0, Math.floor(now / 1000) - atSeconds)} s ago`;
    });
    reply.verbatim("txt", `${event}, worst ${worstMs} ms\n${lines.join("\n")}\n`);
  },
});

const doctor = command({
  ...facts,
  name: "LATENCY DOCTOR",
  brief: true,
  summary: "Describes in words which kinds of events were slow.",
  tips: ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
  run({ server }, _args, reply) {
    const events = server.observers.latency.latest();
    const lines = events.map(
      ({ event, worstMs }) =>
        `${event}: ${server.observers.latency.history(event).length} slow events, the worst took ${worstMs} ms.`,
    );
    if (!server.observers.latency.enabled) {
      lines.unshift("Slow events are not noted: CONFIG SET latency-monitor-threshold <milliseconds> begins to.");
    } else if (events.length === 0) {
      lines.push("Nothing took longer than latency-monitor-threshold since it was set or reset.");
    }
    reply.verbatim("txt", `${lines.join("\n")}\n`);
  },
});

const histogram = command({
  ...facts,
  name: "LATENCY HISTOGRAM",
  since: "7.0.0",
  complexity: "O(N) where N is the number of commands with latency information being retrieved.",
  summary: "Returns how long calls took, by command: how many ended within 1, 2, 4, 8 ... microseconds.",
  syntax: "[command...]",
  tips: ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
  run({ server: { commands } }, args, reply) {
    const measured = (args.count === 2 ? [...commands.all()] : named(commands, args))
      .flatMap((entry) => [entry, ...commands.subcommandsOf(entry)])
      .filter(({ statistics }) => statistics.durations !== undefined && statistics.calls > 0);
    reply.map(measured.length);
    for (const each of measured) replyDurations(each, reply);
  },
});

/** A container command stands for its subcommands. Unknown names are left out. */
function named(commands: CommandTable<Command>, args: Arguments): Command[] {
  const names = Array.from({ length: args.count - 2 }, (_, index) => args.latin1(index + 2));
  return names.flatMap((name) => commands.byName(name) ?? []);
}

function replyDurations({ fullName, statistics: { calls, durations } }: Command, reply: ReplyWriter): void {
  const levels: [number, number][] = [];
  durations?.cumulative(calls, (microseconds, callsUntil) => levels.push([microseconds, callsUntil]));
  reply.bulkText(fullName);
  reply.map(2);
  reply.bulkText("calls");
  reply.integer(calls);
  reply.bulkText("histogram_usec");
  reply.map(levels.length);
  for (const [microseconds, callsUntil] of levels) {
    reply.integer(microseconds);
    reply.integer(callsUntil);
  }
}

export const latency = container({
  name: "LATENCY",
  group: "server",
  since: "2.8.13",
  complexity: "Depends on the subcommand.",
  summary: "Groups the commands about slow events and command durations.",
  flags: [],
  helpSince: "2.8.13",
  subcommands: [doctor, graph, histogram, history, latest, reset],
});
