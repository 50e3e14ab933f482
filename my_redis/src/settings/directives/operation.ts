import { choice, integer, list, maxInt64, text, yesNo } from "../value-kinds.ts";
import { keyspaceEvents, percentiles } from "../special-values.ts";
import { type Before, DirectiveError } from "../directive.ts";
import { compatibilities } from "../../version.ts";

const noSyslog = "messages go to logfile or to standard output";
const systemDecides = "the runtime leaves this to the system";

/** Redis accepts any number and clamps it to 1 to 500. */
const hz = integer({
  default: 10,
  summary: "How often per second background work is done: expiry, idle clients, freeing; held between 1 and 500.",
});

/** Running, monitoring and debugging the server. */
export const operationDirectives = {
  databases: integer({
    default: 16,
    min: 1,
    max: 1_000_000,
    summary: "Numbered databases, chosen with SELECT.",
    change: "start",
  }),
  compatibility: choice(compatibilities, {
    default: "redis-7.2",
    summary: "The server that this one claims to be, and whose commands it takes: redis-7.2, redis-8 or valkey-9.",
    change: "start",
  }),
  loglevel: choice(["debug", "verbose", "notice", "warning"], {
    default: "notice",
    summary: "The least important messages that are written.",
  }),
  logfile: text({
    default: "",
    summary: "File that messages are added to; empty for standard output.",
    change: "start",
  }),
  hz: {
    ...hz,
    parse: (words: readonly string[], before: Before<number>) => Math.min(500, Math.max(1, hz.parse(words, before))),
  },
  "dynamic-hz": yesNo({
    default: true,
    summary: "Does background work more often when there are many clients.",
    unused: "background work is done at the rate of hz, and whenever the server is idle",
  }),
  "active-expire-effort": integer({
    default: 1,
    min: 1,
    max: 10,
    summary: "Effort to find and delete expired keys that no client asks for, from 1 to 10.",
  }),
  activerehashing: yesNo({
    default: true,
    summary: "Goes on growing the key index while the server is idle.",
  }),
  "busy-reply-threshold": integer({
    default: 5000,
    max: maxInt64,
    alias: "lua-time-limit",
    summary:
      "Milliseconds after which a running script no longer holds up other clients, which can kill it; 0 waits for ever.",
  }),
  "slowlog-log-slower-than": integer({
    default: 10_000,
    min: -1,
    max: maxInt64,
    summary: "Microseconds above which a command is put into the slow log; -1 for none.",
  }),
  "slowlog-max-len": integer({
    default: 128,
    max: maxInt64,
    summary: "Entries that the slow log keeps.",
  }),
  "latency-monitor-threshold": integer({
    default: 0,
    max: maxInt64,
    summary: "Milliseconds above which an event is noted for LATENCY; 0 for none.",
  }),
  "latency-tracking": yesNo({
    default: true,
    summary: "Keeps how long commands take, for LATENCY HISTOGRAM and INFO latencystats.",
  }),
  "latency-tracking-info-percentiles": percentiles({
    default: [50, 99, 99.9],
    summary: "Percentiles that INFO latencystats reports.",
  }),
  "notify-keyspace-events": keyspaceEvents({
    default: "",
    summary: "Which changes of keys are published on channels, by letters: K keyspace, E keyevent, A all, and so on.",
  }),
  "enable-debug-command": choice(["no", "yes", "local"], {
    default: "no",
    summary: "Clients that may use DEBUG: none, all, or those on this machine.",
    change: "start",
  }),
  "enable-protected-configs": choice(["no", "yes", "local"], {
    default: "no",
    summary: "Clients that may change the protected directives (dir, dbfilename) with CONFIG SET.",
    change: "start",
  }),
  "enable-module-command": choice(["no", "yes", "local"], {
    default: "no",
    summary: "Clients that may use MODULE.",
    change: "start",
    unused: "modules for Redis cannot be loaded",
  }),
  daemonize: yesNo({
    default: false,
    summary: "Goes on in the background. What started it waits until the server is ready, or has failed.",
    change: "start",
  }),
  supervised: choice(["no", "upstart", "systemd", "auto"], {
    default: "no",
    summary: "Under this supervisor the server stays in the foreground, also with daemonize yes.",
    change: "start",
    unused: "the supervisor is not told that the server is ready: readiness shows in the port and in the messages",
  }),
  pidfile: text({
    default: "",
    summary: "File that holds the number of the process while it runs.",
    change: "start",
  }),
  "syslog-enabled": yesNo({
    default: false,
    summary: "Sends messages to the system's log.",
    change: "start",
    onlyDefault: noSyslog,
  }),
  "syslog-ident": text({
    default: "redis",
    summary: "Name in the system's log.",
    change: "start",
    unused: noSyslog,
  }),
  "syslog-facility": choice(["user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"], {
    default: "local0",
    summary: "Facility in the system's log.",
    change: "start",
    unused: noSyslog,
  }),
  "always-show-logo": yesNo({
    default: false,
    summary: "Shows a picture at the start.",
    change: "start",
    unused: "there is no picture",
  }),
  "set-proc-title": yesNo({
    default: true,
    summary: "Shows the address in the list of processes.",
    change: "start",
    unused: systemDecides,
  }),
  "proc-title-template": text({
    default: "{title} {listen-addr} {server-mode}",
    summary: "How the process shows itself in the list of processes.",
    unused: systemDecides,
  }),
  "crash-log-enabled": yesNo({
    default: true,
    summary: "Writes a report when the server crashes.",
    unused: systemDecides,
  }),
  "crash-memcheck-enabled": yesNo({
    default: true,
    summary: "Tests the memory after a crash.",
    unused: systemDecides,
  }),
  "disable-thp": yesNo({
    default: true,
    summary: "Turns huge pages off for the process.",
    change: "start",
    unused: systemDecides,
  }),
  "jemalloc-bg-thread": yesNo({
    default: true,
    summary: "Returns memory in a thread of the allocator.",
    unused: systemDecides,
  }),
  "ignore-warnings": text({
    default: "",
    summary: "Warnings of the start that are not given.",
    unused: "the warnings that it names do not exist here",
  }),
  "oom-score-adj": choice(["no", "yes", "relative", "absolute"], {
    default: "no",
    summary: "How readily the system kills the process when memory runs out: as it would, or by oom-score-adj-values.",
  }),
  "oom-score-adj-values": list({
    default: ["0", "200", "800"],
    summary:
      "Values for oom-score-adj: of a primary, of a replica, and of a background child, which this server does not have.",
    expects: "three whole numbers from -2000 to 2000",
    read(words) {
      if (words.length !== 3) throw new DirectiveError("wrong number of arguments");
      if (words.some((word) => !/^-?[0-9]{1,4}$/.test(word) || Math.abs(Number(word)) > 2000)) {
        throw new DirectiveError("Invalid oom-score-adj-values, elements must be between -2000 and 2000.");
      }
      return words;
    },
  }),
  server_cpulist: cpuList("main thread"),
  bio_cpulist: cpuList("background threads"),
  aof_rewrite_cpulist: cpuList("rewrite of the append-only file"),
  bgsave_cpulist: cpuList("writing of snapshots"),
};

function cpuList(what: string) {
  return text({
    default: "",
    summary: `Processor cores for the ${what}.`,
    change: "start",
    unused: "choose cores with taskset",
  });
}
