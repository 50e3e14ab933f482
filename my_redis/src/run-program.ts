// Before the other modules are there.
// oxlint-disable-next-line import/no-unassigned-import
import "./early-collection.ts";
import { readFileSync, writeFileSync } from "node:fs";
import { leaveStarter, startInBackground } from "./background/start-in-background.ts";
import { CheckUsageError, checkFiles, isFileCheck } from "./check-files.ts";
import { systemEnvironment } from "./environment.ts";
import { isSupervisedBy, takeInBackground } from "./background/environment.ts";
import { RingStateError } from "./cluster/failover/ring-state-file.ts";
import type { SaveAtEnd, ShutdownOutcome } from "./dispatch/ports.ts";
import { ListenError } from "./network/listen-on-addresses.ts";
import { FolderInUseError } from "./persistence/aof/folder-lock.ts";
import { LogLoadError } from "./persistence/aof/log-load-error.ts";
import { LogFolderError } from "./persistence/aof/log-folder.ts";
import { ManifestError } from "./persistence/aof/manifest-text.ts";
import { LastSnapshotError } from "./persistence/snapshot/snapshots.ts";
import { RdbLoadError } from "./persistence/rdb/rdb-loader.ts";
import { removeUnneeded } from "./remove-unneeded.ts";
import { serverLog } from "./server-log.ts";
import { loadSettings, readCommandLine, type StartLine, usage } from "./settings/command-line.ts";
import { ConfigError, ConfigFileError } from "./settings/config-error.ts";
import { DirectiveError } from "./settings/directive.ts";
import type { Settings } from "./settings/settings.ts";
import { type OpenServer, type RunningServer, startWithSettings } from "./start-server.ts";
import { isSystemError } from "./system-error.ts";
import { checkWritable, UnwritableError } from "./writable-file.ts";
import { answerSupervisor, progressReporter } from "./supervisor/supervised.ts";
import { NodesError, superviseNodes } from "./supervisor/supervisor.ts";
import { compatibleVersion, version } from "./version.ts";

const runtime = typeof Bun === "undefined" ? `Node ${process.versions.node}` : `Bun ${Bun.version}`;

const versionLine = `MyRedis server v=${version} redis=${compatibleVersion} runtime=${runtime}\n`;
const exitDelayMs = 200;

/** A program that starts this one must be able to tell a mistake, which a second start would only repeat. */
const exitCodes = { ok: 0, failed: 1, mistake: 2, unexpected: 70 } as const;

/** The command line or a directive is wrong. */
const mistakes = [ConfigError, ConfigFileError, DirectiveError];

/** What else prevents a start, or a complete end, and can be corrected. It is shown as a message, without a stack trace. */
const failures = [
  CheckUsageError,
  FolderInUseError,
  LastSnapshotError,
  ListenError,
  LogFolderError,
  LogLoadError,
  ManifestError,
  NodesError,
  RdbLoadError,
  RingStateError,
  UnwritableError,
];

/** The server as a program: reads the command line, serves until a signal or SHUTDOWN, and ends the process. */
export async function runProgram(words: readonly string[]): Promise<void> {
  // In the background nobody reads this stream once the server has been ready.
  process.stderr.on("error", () => {});
  try {
    process.exitCode = await run(words);
  } catch (error) {
    const code = exitCodeOf(error);
    process.exitCode = code;
    process.stderr.write(`${code === exitCodes.unexpected ? describeUnexpected(error) : (error as Error).message}\n`);
  }
  // The process ends by itself once its messages are written. The timer ends it if something else still keeps it alive.
  setTimeout(() => process.exit(), exitDelayMs).unref();
}

/** Returns the exit code. */
async function run(words: readonly string[]): Promise<number> {
  if (isFileCheck(words)) return checkFiles(words, (line) => process.stdout.write(`${line}\n`));
  const commandLine = readCommandLine(words);
  if (commandLine.ask === "start") return start(commandLine);
  process.stdout.write(commandLine.ask === "help" ? usage : versionLine);
  return exitCodes.ok;
}

function exitCodeOf(error: unknown): number {
  const isOf = (kinds: readonly { [Symbol.hasInstance](value: unknown): boolean }[]): boolean =>
    kinds.some((kind) => error instanceof kind);
  if (isOf(mistakes)) return exitCodes.mistake;
  return isOf(failures) || isSystemError(error) ? exitCodes.failed : exitCodes.unexpected;
}

function describeUnexpected(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Runs one node in this process, or `nodes` of them in supervised processes; or all of that in the background. */
async function start(commandLine: StartLine): Promise<number> {
  const input = commandLine.standardInput ? readFileSync(0, "utf8") : "";
  const settings = loadSettings(commandLine, () => input);
  const { nodes, replicas, daemonize, supervised, pidfile } = settings.values;
  const command = [process.execPath, process.argv[1] as string, ...commandLine.words] as const;
  const isInBackground = takeInBackground();
  if (daemonize && !isInBackground && !isSupervisedBy(supervised)) return startInBackground({ command, input });
  const ready = isInBackground ? leaveStarter : (): void => {};
  if (pidfile !== "") checkWritable(pidfile, `pidfile '${pidfile}'`);
  if (nodes * (1 + replicas) === 1) await serve(settings, ready);
  else await supervise(settings, { command, input, ready });
  return exitCodes.ok;
}

interface NodesToRun {
  readonly command: readonly [program: string, ...args: string[]];
  readonly input: string;
  readonly ready: () => void;
}

async function supervise(settings: Settings, { command, input, ready }: NodesToRun): Promise<void> {
  const report = serverLog(settings);
  const running = superviseNodes({
    settings: settings.values,
    command,
    input,
    environment: systemEnvironment(report),
  });
  const ended = runUntilClosed(settings, running, report);
  const start = async (): Promise<void> => {
    await running.ready;
    report("notice", `nodes of one ring are ready: ${running.nodes.map(({ name }) => name).join(" ")}`);
    ready();
  };
  await Promise.all([start(), ended]);
}

async function serve(settings: Settings, ready: () => void): Promise<void> {
  const report = serverLog(settings);
  report("notice", `MyRedis ${version} (commands of Redis ${compatibleVersion}, ${runtime}), process ${process.pid}`);
  if (settings.file === undefined) report("notice", "no configuration file was given: the defaults are used");
  const environment = { report, progress: progressReporter(systemEnvironment(report).monotonicMs) };
  const running = await startWithSettings(settings, { environment, keepProcessAlive: true });
  const ended = runUntilClosed(settings, running, report, (signal) => endOnSignal(running, signal));
  const { host, port, tlsPort, unixSocket } = running;
  if (port > 0) report("notice", `Ready to accept connections tcp ${host}:${port}`);
  if (tlsPort > 0) report("notice", `Ready to accept connections tls ${host}:${tlsPort}`);
  if (unixSocket !== "") report("notice", `Ready to accept connections unix ${unixSocket}`);
  const leaveSupervisor = answerSupervisor(() => endForSupervisor(running));
  ready();
  try {
    await ended;
  } catch (error) {
    report("error", `the server did not end as it should: ${error instanceof Error ? error.message : String(error)}`);
    leaveSupervisor(error instanceof Error ? error.message : String(error));
    throw error;
  }
  leaveSupervisor();
  report("notice", "everything is closed, ready to exit, bye bye...");
}

type EndSignal = "SIGTERM" | "SIGINT";

/** What the directive for a signal says about a snapshot. */
const savedOnSignal = (given: readonly string[]): SaveAtEnd =>
  given.includes("save") ? "always" : given.includes("nosave") ? "never" : "by-settings";

/** Ends the server as the directives for this signal say. */
function endOnSignal({ server }: OpenServer, signal: EndSignal): ShutdownOutcome {
  const given = server.settings.values[signal === "SIGTERM" ? "shutdown-on-sigterm" : "shutdown-on-sigint"];
  const { shutdown } = server.process;
  // Whoever presses Ctrl-C again does not want to wait for replicas.
  const insists = signal === "SIGINT" && shutdown.leftMs !== undefined;
  if (insists) process.exit(1);
  return shutdown.request({
    save: savedOnSignal(given),
    force: given.includes("force"),
    now: given.includes("now"),
  });
}

function endForSupervisor({ server, end }: OpenServer): void {
  server.environment.report("notice", "the supervisor ends this node, shutting down");
  // Whoever waits for `closed` learns what went wrong.
  end(savedOnSignal(server.settings.values["shutdown-on-sigterm"])).catch(() => {});
}

/** Keeps the pid file while the program runs, and ends the program on a signal unless `end` refuses. */
async function runUntilClosed(
  settings: Settings,
  running: Pick<RunningServer, "close" | "closed">,
  report: ReturnType<typeof serverLog>,
  end = (_signal: EndSignal): ShutdownOutcome => {
    // Whoever waits for `closed` learns what went wrong.
    running.close().catch(() => {});
    return "ends";
  },
): Promise<void> {
  const pidFile = settings.values.pidfile;
  if (pidFile !== "") writeFileSync(pidFile, `${process.pid}\n`);
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    const stop = (): void => {
      report("notice", `received ${signal}, shutting down`);
      const outcome = end(signal);
      // The next signal ends the process at once.
      if (outcome === "ends") process.removeListener(signal, stop);
      else if (outcome === "refused") {
        report("warning", "the snapshot cannot be written: the server keeps running, so that nothing is lost");
      }
    };
    process.on(signal, stop);
  }
  try {
    await running.closed;
  } finally {
    if (pidFile !== "") removeUnneeded({ report }, pidFile);
  }
}
