import { userInfo } from "node:os";
import type { DeadLetter } from "../ledger/dead-letters.ts";
import type { Logger } from "../logging/logger.ts";
import { describeLetter, describeResult } from "../operations/dead-letter-view.ts";
import { DeadLetters, type SettleResult } from "../orders/dead-letters.ts";
import type { Settings } from "../settings/settings.ts";
import type { Clock } from "../time/clock.ts";
import type { Task } from "./task.ts";
import { openLedger, prepareLedger } from "./system-parts.ts";
import { recordWindows } from "./record-windows.ts";

export interface DeadLettersRoleOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly task: Extract<Task, { kind: "dead-letters" }>;
  readonly print: (text: string) => void;
}

/**
 * Shows and settles dead letters. They are in the ledger, so the system may be running or stopped.
 * @returns whether it did what was asked
 */
export async function handleDeadLetters(options: DeadLettersRoleOptions): Promise<boolean> {
  const { settings, logger, clock } = options;
  const ledger = openLedger(settings, clock.now);
  try {
    await prepareLedger(ledger, settings);
    const windows = recordWindows(settings);
    const deadLetters = new DeadLetters({ letters: ledger.deadLetters, orders: ledger.orders, windows, logger });
    return await act(deadLetters, options);
  } finally {
    await ledger.close();
  }
}

async function act(deadLetters: DeadLetters, { task, print }: DeadLettersRoleOptions): Promise<boolean> {
  const { action, id = "", json } = task;
  if (action === "list") {
    const letters = await deadLetters.list(task.state);
    print(json ? JSON.stringify(letters.map(describeLetter), undefined, 2) : renderList(letters, task.state));
    return true;
  }
  if (action === "show") {
    const letter = await deadLetters.read(id);
    if (letter !== undefined) {
      print(json ? JSON.stringify(describeLetter(letter), undefined, 2) : renderLetter(letter));
      return true;
    }
  }
  const result: SettleResult =
    action === "show" ? { kind: "not_found" } : await deadLetters[action](id, task.by ?? userInfo().username);
  const message = describeResult(result, id);
  print(json ? JSON.stringify({ result: result.kind, message }) : message);
  return result.kind === "done" || result.kind === "already";
}

function renderList(letters: readonly DeadLetter[], state: string): string {
  if (letters.length === 0) return `no dead letters are ${state}`;
  const lines = letters.map(({ id, keptAtMs, reason, reservationId = "-", detail }) => {
    return `${id}  ${new Date(keptAtMs).toISOString()}  ${reason}  ${reservationId}  ${detail}`;
  });
  return lines.join("\n");
}

function renderLetter(letter: DeadLetter): string {
  return Object.entries(describeLetter(letter))
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n");
}
