import { runProgram as runVerifyDraw } from "fair-draw/run-program";
import { join } from "node:path";
import { createLogger, type Logger } from "./src/logging/logger.ts";
import { systemClock } from "./src/time/clock.ts";
import {
  type CommandLine,
  parseCommandLine,
  type Role,
  type Task,
  usage,
  UsageError,
} from "./src/roles/command-line.ts";
import { handleDeadLetters } from "./src/roles/dead-letters-role.ts";
import { handleRefunds } from "./src/roles/refunds-role.ts";
import { startSimulator } from "./src/roles/payment-parts.ts";
import { repairGates } from "./src/roles/repair-role.ts";
import { parseSaleCommandLine } from "./src/roles/sale-command-line.ts";
import { runSaleCommand } from "./src/roles/sale-role.ts";
import { StartError } from "./src/roles/start-error.ts";
import { startSystem } from "./src/roles/start-system.ts";
import { openLedger } from "./src/roles/system-parts.ts";
import { verifySales } from "./src/roles/verify-role.ts";
import { loadSettings } from "./src/settings/load-settings.ts";
import { SettingsError } from "./src/settings/settings-error.ts";
import type { Settings } from "./src/settings/settings.ts";
import manifest from "./package.json" with { type: "json" };

/** What a task ends with. */
const exitCodes = { ok: 0, notInOrder: 1, mistake: 2, unknown: 3, recorded: 4 } as const;
const saleExitCodes = {
  done: exitCodes.ok,
  refused: exitCodes.notInOrder,
  mistake: exitCodes.mistake,
  unknown: exitCodes.unknown,
  recorded: exitCodes.recorded,
} as const;
const versionLine = `seckill-mysense v=${manifest.version} runtime=Bun ${Bun.version}`;
const shippedConfig = join(import.meta.dir, "configs/config.json");

/** Undefined while the command line is not understood: a mistake in it ends everything in the same way. */
let task: Task | { readonly kind: "sale" } | undefined;
const args = process.argv.slice(2);
/** Also when the command line is wrong: whoever reads one JSON value can read no text. */
const wantsJson = args.some((word) => word === "--json" || word.startsWith("--json="));
try {
  // It sets the exit code, and the process ends by itself when all is written.
  if (args.length === 1 && (args[0] === "--version" || args[0] === "-v")) console.log(versionLine);
  else if (args[0] === "verify-draw") await runVerifyDraw(args.slice(1), "bun seckill_mysense/main.ts verify-draw");
  else if (args[0] === "sale") await runSale(args.slice(1));
  else await runRoleOrTask();
} catch (error) {
  fail(error);
}

async function runRoleOrTask(): Promise<void> {
  const commandLine = parseCommandLine(args);
  task = commandLine?.task;
  if (commandLine === undefined) printHelp(usage());
  else await run(commandLine);
}

function printHelp(help: string): void {
  console.log(wantsJson ? JSON.stringify({ help }) : help);
}

/** Ends the process. */
async function runSale(words: readonly string[]): Promise<never> {
  task = { kind: "sale" };
  const commandLine = parseSaleCommandLine(words);
  if (typeof commandLine === "string") {
    printHelp(commandLine);
    process.exit(0);
  }
  const settings = loadSettings(commandLine.configFile ?? shippedConfig, process.env);
  const printError = (text: string): void => console.error(text);
  const logger = createLogger({ level: "error", write: printError, now: systemClock.now });
  const print = (text: string): void => console.log(text);
  const end = await runSaleCommand({ commandLine, settings, logger, clock: systemClock, print, printError });
  process.exit(saleExitCodes[end]);
}

async function run(commandLine: CommandLine): Promise<void> {
  const settings = loadSettings(commandLine.configFile ?? shippedConfig, process.env);
  const logger = createLogger({
    level: settings.log.level,
    write: (line) => console.log(line),
    now: systemClock.now,
  });
  const { task } = commandLine;
  if (task.kind === "serve") return serve(task.role, settings, logger);
  if (task.kind === "payment-simulator") return serveSimulator(settings, logger);
  process.exit(await perform(task, settings));
}

function serveSimulator(settings: Settings, logger: Logger): void {
  const { url } = startSimulator(settings, systemClock.now);
  logger.info("started", { role: "payment-simulator", url, pid: process.pid });
}

/** A task that ends by itself, and its exit code. Its result goes to standard output, its log to standard error. */
async function perform(
  task: Exclude<Task, { kind: "serve" | "payment-simulator" }>,
  settings: Settings,
): Promise<number> {
  const print = (text: string): void => console.log(text);
  const logger = createLogger({ level: "error", write: (line) => console.error(line), now: systemClock.now });
  const common = { settings, logger, clock: systemClock, print };
  const exitCodeFor = (isInOrder: boolean): number => (isInOrder ? exitCodes.ok : exitCodes.notInOrder);
  switch (task.kind) {
    case "verify": {
      const outcome = await verifySales({ ...common, ...task });
      return { holds: exitCodes.ok, violated: exitCodes.notInOrder, unchecked: exitCodes.unknown }[outcome];
    }
    case "repair":
      return exitCodeFor(await repairGates({ ...common, ...task }));
    case "dead-letters":
      return exitCodeFor(await handleDeadLetters({ ...common, task }));
    case "refunds":
      return exitCodeFor(await handleRefunds({ ...common, task }));
    case "migrate": {
      const ledger = openLedger(settings, systemClock.now);
      await ledger.migrate();
      await ledger.close();
      print("the ledger's tables are up to date");
      return exitCodes.ok;
    }
  }
}

async function serve(role: Role, settings: Settings, logger: Logger): Promise<void> {
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
      process.exit(0);
    });
  };
  process.on("SIGTERM", () => stop("SIGTERM"));
  process.on("SIGINT", () => stop("SIGINT"));
  // After an unexpected error a restart from the data on disk is safer than to continue.
  process.on("unhandledRejection", (reason) => {
    logger.error("an error that nobody handled", { error: reason instanceof Error ? reason.stack : String(reason) });
    process.exit(70);
  });
}

function urlOf(host: string, port: number): string {
  const shown = host === "0.0.0.0" || host === "::" ? "localhost" : host.includes(":") ? `[${host}]` : host;
  return `http://${shown}:${port}`;
}

function fail(error: unknown): never {
  if (wantsJson) console.log(JSON.stringify({ error: codeOf(error), message: messageOf(error) }));
  else if (error instanceof UsageError) console.error(`${error.message}\n\n${error.help ?? usage()}`);
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
  return named === undefined || named.kind === "serve" ? "start" : named.kind;
}

/** A program that runs a task must be able to tell a finding from a mistake and from an outage. */
function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return exitCodes.mistake;
  if (task === undefined || task.kind === "serve") return error instanceof SettingsError ? exitCodes.mistake : 1;
  return error instanceof SettingsError || error instanceof StartError ? exitCodes.mistake : exitCodes.unknown;
}
