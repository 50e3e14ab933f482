import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { ListenError } from "./network/listen-on-addresses.ts";
import { FolderInUseError } from "./persistence/folder-lock.ts";
import { LogLoadError } from "./persistence/log-loader.ts";
import { ManifestError } from "./persistence/manifest.ts";
import { serverLog } from "./server-log.ts";
import { loadSettings, readCommandLine, usage } from "./settings/command-line.ts";
import { ConfigError, ConfigFileError } from "./settings/config-error.ts";
import { DirectiveError } from "./settings/directive.ts";
import type { Settings } from "./settings/settings.ts";
import { type RunningServer, startWithSettings } from "./start-server.ts";
import { compatibleVersion, version } from "./version.ts";

const runtime = typeof Bun === "undefined" ? `Node ${process.versions.node}` : `Bun ${Bun.version}`;

const versionLine = `MyRedis server v=${version} redis=${compatibleVersion} runtime=${runtime}\n`;
const exitDelayMs = 200;

/** What stops a start and is the operator's to put right: he gets the message, not a stack. */
const explained = [
  ConfigError,
  ConfigFileError,
  DirectiveError,
  FolderInUseError,
  ListenError,
  LogLoadError,
  ManifestError,
];

/** The server as a program: reads the command line, runs until a signal or SHUTDOWN, and ends the process. */
export async function runProgram(words: readonly string[]): Promise<void> {
  try {
    const commandLine = readCommandLine(words);
    if (commandLine.ask === "start") await serve(loadSettings(commandLine, () => readFileSync(0, "utf8")));
    else process.stdout.write(commandLine.ask === "help" ? usage : versionLine);
    process.exitCode = 0;
  } catch (error) {
    process.exitCode = 1;
    const known = explained.some((kind) => error instanceof kind);
    process.stderr.write(`${known ? (error as Error).message : describeUnexpected(error)}\n`);
  }
  // The process ends by itself once its messages are written; should anything hold it, it ends all the same.
  setTimeout(() => process.exit(), exitDelayMs).unref();
}

function describeUnexpected(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

async function serve(settings: Settings): Promise<void> {
  const report = serverLog(settings);
  report("notice", `MyRedis ${version} (commands of Redis ${compatibleVersion}, ${runtime}), process ${process.pid}`);
  if (settings.file === undefined) report("notice", "no configuration file was given: the defaults are used");
  const running = await startWithSettings(settings, { environment: { report } });
  const pidFile = settings.values.pidfile;
  if (pidFile !== "") writeFileSync(pidFile, `${process.pid}\n`);
  stopOnSignals(running, report);
  report("notice", `Ready to accept connections tcp ${running.host}:${running.port}`);
  await running.closed;
  if (pidFile !== "") rmSync(pidFile, { force: true });
  report("notice", "everything is closed, bye bye...");
}

function stopOnSignals(running: RunningServer, report: ReturnType<typeof serverLog>): void {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      report("notice", `received ${signal}, shutting down`);
      void running.close();
    });
  }
}
