import { exitCodes } from "../command-line/exit-codes.ts";
import type { Paint } from "../command-line/paint.ts";
import { runDoctor } from "../doctor/doctor-role.ts";
import type { Logger } from "../logging/logger.ts";
import { changeSecret, SecretStepError } from "../settings/rotate-secret.ts";
import type { Settings } from "../settings/settings.ts";
import type { Clock } from "../time/clock.ts";
import { handleDeadLetters } from "./dead-letters-role.ts";
import { handleRefunds } from "./refunds-role.ts";
import { repairGates } from "./repair-role.ts";
import { runSaleCommand } from "./sale-role.ts";
import { showStatus } from "./status-role.ts";
import { openLedger } from "./system-parts.ts";
import type { Task } from "./task.ts";
import { verifySales } from "./verify-role.ts";

export type EndingTask = Exclude<Task, { kind: "serve" | "payment-simulator" | "verify-draw" | "completion" }>;

export interface TaskOptions {
  readonly configFile: string;
  /** Not called by tasks that must work on a wrong config.json. @throws SettingsError */
  readonly settings: () => Settings;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly paint: Paint;
  readonly print: (text: string) => void;
  readonly printError: (text: string) => void;
}

const { ok, notInOrder, mistake, unknown, recorded } = exitCodes;
const saleEnds = { done: ok, refused: notInOrder, mistake, unknown, recorded } as const;
const verifyEnds = { holds: ok, violated: notInOrder, unchecked: unknown } as const;

const orderOf = (isInOrder: boolean): number => (isInOrder ? ok : notInOrder).code;

/** A task that ends by itself. Its result is printed. @returns its exit code */
export async function performTask(task: EndingTask, options: TaskOptions): Promise<number> {
  const { print, printError, clock, logger, paint } = options;
  if (task.kind === "keys") return changeKeys(task, options);
  if (task.kind === "doctor") return orderOf(await runDoctor({ ...options, ...task }));
  const settings = options.settings();
  const common = { settings, logger, clock, print };
  switch (task.kind) {
    case "sale":
      return saleEnds[await runSaleCommand({ ...common, printError, commandLine: task.commandLine })].code;
    case "status":
      return orderOf(await showStatus({ ...common, paint, json: task.json }));
    case "verify":
      return verifyEnds[await verifySales({ ...common, ...task })].code;
    case "repair":
      return orderOf(await repairGates({ ...common, ...task }));
    case "dead-letters":
      return orderOf(await handleDeadLetters({ ...common, task }));
    case "refunds":
      return orderOf(await handleRefunds({ ...common, task }));
    case "migrate": {
      const ledger = openLedger(settings, clock.now);
      await ledger.migrate();
      await ledger.close();
      print(task.json ? JSON.stringify({ migrated: true }) : "the ledger's tables are up to date");
      return ok.code;
    }
  }
}

const nextSteps = {
  rotate: "Restart the gateways one after another. Once backend.session_seconds have passed: seckill keys retire",
  announce: "Restart every process, then: seckill keys exchange",
  exchange: "Restart every process. Once backend.session_seconds have passed: seckill keys retire",
  retire: "Restart the gateways one after another.",
} as const;

function changeKeys(task: Extract<Task, { kind: "keys" }>, { configFile, print, printError }: TaskOptions): number {
  try {
    changeSecret(configFile, task.action, { force: task.force });
  } catch (error) {
    if (!(error instanceof SecretStepError)) throw error;
    if (task.json) print(JSON.stringify({ error: "refused", message: error.message }));
    else printError(error.message);
    return notInOrder.code;
  }
  const next = nextSteps[task.action];
  print(task.json ? JSON.stringify({ changed: configFile, next }) : `${configFile} is changed. ${next}`);
  return ok.code;
}
