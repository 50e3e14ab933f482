#!/usr/bin/env bun
import { runProgram as runVerifyDraw } from "fair-draw/run-program";
import { join } from "node:path";
import { programName } from "./src/command-line/command-table.ts";
import { completionFor } from "./src/command-line/completion.ts";
import { exitCodes } from "./src/command-line/exit-codes.ts";
import { helpOf } from "./src/command-line/help.ts";
import { paintFor } from "./src/command-line/paint.ts";
import { parseCommandLine } from "./src/command-line/parse.ts";
import { UsageError } from "./src/command-line/usage-error.ts";
import { createLogger, type Logger } from "./src/logging/logger.ts";
import { startSimulator } from "./src/roles/payment-parts.ts";
import { performTask } from "./src/roles/perform-task.ts";
import { StartError } from "./src/roles/start-error.ts";
import { startSystem } from "./src/roles/start-system.ts";
import type { CommandLine, Role, Task } from "./src/roles/task.ts";
import { loadSettings } from "./src/settings/load-settings.ts";
import { SettingsError } from "./src/settings/settings-error.ts";
import type { Settings } from "./src/settings/settings.ts";
import { systemClock } from "./src/time/clock.ts";
import { version } from "./package.json";

const shippedConfig = join(import.meta.dir, "configs/config.json");

/** Undefined while the command line is not understood: a mistake in it ends everything in the same way. */
let task: Task | undefined;
const args = process.argv.slice(2);
/** Also when the command line is wrong: whoever reads one JSON value can read no text. */
const wantsJson = args.some((word) => word === "--json" || word.startsWith("--json="));
const paint = paintFor(process.stdout, process.env);
try {
  await runCommandLine();
} catch (error) {
  fail(error);
}

async function runCommandLine(): Promise<void> {
  const asked = parseCommandLine(args);
  if (asked.kind === "help") return printAs("help", helpOf(asked.path, wantsJson ? undefined : paint));
  if (asked.kind === "version") return printAs("version", `${programName} ${version} (Bun ${Bun.version})`);
  task = asked.commandLine.task;
  await run(asked.commandLine, task);
}

function printAs(name: string, text: string): void {
  console.log(wantsJson ? JSON.stringify({ [name]: text }) : text);
}

async function run(commandLine: CommandLine, task: Task): Promise<void> {
  const configFile = commandLine.configFile ?? shippedConfig;
  const settings = (): Settings => loadSettings(configFile, process.env);
  switch (task.kind) {
    case "verify-draw":
      // It sets the exit code, and the process ends by itself when all is written.
      return runVerifyDraw(task.words, `${programName} verify-draw`);
    case "completion":
      return console.log(completionFor(task.shell));
    case "serve":
      return serve(task.role, settings());
    case "payment-simulator":
      return serveSimulator(settings());
    default: {
      const print = (text: string): void => console.log(text);
      const printError = (text: string): void => console.error(text);
      // The result of a task goes to standard output, its log to standard error.
      const logger = createLogger({ level: "error", write: printError, now: systemClock.now });
      process.exit(
        await performTask(task, { configFile, settings, logger, clock: systemClock, paint, print, printError }),
      );
    }
  }
}

function logOf({ log }: Settings): Logger {
  return createLogger({ level: log.level, write: (line) => console.log(line), now: systemClock.now });
}

function serveSimulator(settings: Settings): void {
  const { url } = startSimulator(settings, systemClock.now);
  logOf(settings).info("started", { role: "payment-simulator", url, pid: process.pid });
}

async function serve(role: Role, settings: Settings): Promise<void> {
  const logger = logOf(settings);
  // A signal during the start ends the process by default, which is safe: the data on disk is consistent at any moment.
  const system = await startSystem({ role, settings, logger, clock: systemClock });
  const { port, operationsPort } = system;
  const operationsHost = settings.operations.host;
  logger.info("started", { role, port, pid: process.pid, operationsPort, operationsHost });
  if (port !== undefined && (role === "all" || role === "gateway")) {
    console.log(`\n  The sale is at ${urlOf(settings.backend.host, port)}/check`);
    console.log(
      `  Operators find health and figures at ${urlOf(operationsHost, operationsPort)}/readyz and /metrics\n`,
    );
  }
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) return;
    stopping = true;
    logger.info("stopping", { signal });
    void system.stop().then((outcome) => {
      if (outcome === "drained") logger.info("stopped");
      else logger.warn("stopped before everything under way had ended", { seconds: settings.backend.shutdown_seconds });
      process.exit(exitCodes.ok.code);
    });
  };
  process.on("SIGTERM", () => stop("SIGTERM"));
  process.on("SIGINT", () => stop("SIGINT"));
  // After an unexpected error a restart from the data on disk is safer than to continue.
  process.on("unhandledRejection", (reason) => {
    logger.error("an error that nobody handled", { error: reason instanceof Error ? reason.stack : String(reason) });
    process.exit(exitCodes.crashed.code);
  });
}

function urlOf(host: string, port: number): string {
  const shown = host === "0.0.0.0" || host === "::" ? "localhost" : host.includes(":") ? `[${host}]` : host;
  return `http://${shown}:${port}`;
}

function fail(error: unknown): never {
  if (wantsJson) console.log(JSON.stringify({ error: codeOf(error), message: messageOf(error) }));
  else if (error instanceof UsageError) console.error(`${error.message}\n\n${error.help ?? helpOf("")}`);
  else console.error(messageOf(error));
  process.exit(exitCodeOf(error));
}

function messageOf(error: unknown): string {
  if (error instanceof SettingsError) return error.problems.join("\n");
  if (error instanceof UsageError || error instanceof StartError) return error.message;
  return `cannot ${nameOf(task)}: ${error instanceof Error ? error.message : String(error)}`;
}

/** The same codes as those of the command sale. */
function codeOf(error: unknown): string {
  if (error instanceof UsageError) return "invalid_command_line";
  if (error instanceof SettingsError) return "invalid_settings";
  return error instanceof StartError ? error.code : "unknown_outcome";
}

function nameOf(named: typeof task): string {
  if (named?.kind === "sale") return "change sales";
  if (named?.kind === "keys") return "change keys";
  return named === undefined || named.kind === "serve" ? "start" : named.kind;
}

/** A program that runs a task must be able to tell a finding from a mistake and from an outage. */
function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return exitCodes.mistake.code;
  if (task === undefined || task.kind === "serve") {
    return (error instanceof SettingsError ? exitCodes.mistake : exitCodes.notInOrder).code;
  }
  const isMistake = error instanceof SettingsError || error instanceof StartError;
  return (isMistake ? exitCodes.mistake : exitCodes.unknown).code;
}
