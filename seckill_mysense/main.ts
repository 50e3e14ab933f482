import { join } from "node:path";
import { createLogger, type Logger } from "./src/logging/logger.ts";
import { systemClock } from "./src/time/clock.ts";
import { type CommandLine, parseCommandLine, usage, UsageError } from "./src/roles/command-line.ts";
import { repairGates } from "./src/roles/repair-role.ts";
import { StartError } from "./src/roles/start-error.ts";
import { startSystem } from "./src/roles/start-system.ts";
import { verifySales } from "./src/roles/verify-role.ts";
import { loadSettings } from "./src/settings/load-settings.ts";
import { SettingsError } from "./src/settings/settings-error.ts";
import type { Settings } from "./src/settings/settings.ts";

/** What `verify` and `repair` end with. */
const exitCodes = { ok: 0, notInOrder: 1, mistake: 2, unknown: 3 } as const;
const shippedConfig = join(import.meta.dir, "configs/config.json");

/** The command line is parsed before the role is known to the rest: a mistake in it ends every role in the same way. */
let role: CommandLine["role"] | undefined;
try {
  const commandLine = parseCommandLine(process.argv.slice(2));
  role = commandLine?.role;
  if (commandLine === undefined) console.log(usage());
  else await run(commandLine);
} catch (error) {
  fail(error);
}

async function run(commandLine: CommandLine): Promise<void> {
  const settings = loadSettings(commandLine.configFile ?? shippedConfig, process.env);
  const { role } = commandLine;
  if (role === "verify" || role === "repair") process.exit(await runOnce(role, commandLine, settings));
  const logger = createLogger({
    level: settings.log.level,
    write: (line) => console.log(line),
    now: systemClock.now,
  });
  await serve(role, settings, logger);
}

/** The exit code. */
async function runOnce(role: "verify" | "repair", commandLine: CommandLine, settings: Settings): Promise<number> {
  const logger = createLogger({ level: "error", write: (line) => console.error(line), now: systemClock.now });
  const print = (text: string): void => console.log(text);
  const options = { ...commandLine, settings, logger, clock: systemClock, print };
  if (role === "repair") return (await repairGates(options)) ? exitCodes.ok : exitCodes.notInOrder;
  const outcome = await verifySales(options);
  return { holds: exitCodes.ok, violated: exitCodes.notInOrder, unchecked: exitCodes.unknown }[outcome];
}

async function serve(
  role: Exclude<CommandLine["role"], "verify" | "repair">,
  settings: Settings,
  logger: Logger,
): Promise<void> {
  // A signal during the start ends the process by default, which is safe: the data on disk is consistent at any moment.
  const system = await startSystem({ role, settings, logger, clock: systemClock });
  logger.info("started", { role, port: system.port, pid: process.pid });
  if (system.port !== undefined) announce(settings.backend.host, system.port);
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

function announce(host: string, port: number): void {
  const shown = host === "0.0.0.0" || host === "::" ? "localhost" : host.includes(":") ? `[${host}]` : host;
  console.log(`\n  The sale is at http://${shown}:${port}/check\n`);
}

function fail(error: unknown): never {
  if (error instanceof UsageError) console.error(`${error.message}\n\n${usage()}`);
  else if (error instanceof SettingsError) for (const problem of error.problems) console.error(problem);
  else if (error instanceof StartError) console.error(error.message);
  else
    console.error(
      `cannot ${role === "verify" || role === "repair" ? role : "start"}: ${error instanceof Error ? error.message : String(error)}`,
    );
  process.exit(exitCodeOf(error));
}

/** A program that calls `verify` or `repair` must be able to tell a finding from a mistake and from an outage. */
function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return exitCodes.mistake;
  if (role !== "verify" && role !== "repair") return 1;
  return error instanceof SettingsError || error instanceof StartError ? exitCodes.mistake : exitCodes.unknown;
}
