import type { Paint } from "../command-line/paint.ts";
import { showSale } from "../contract/sale-document.ts";
import type { Heartbeat } from "../ledger/heartbeats.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { decodeDetails } from "../operations/heartbeat-details.ts";
import { silentAfterMs } from "../operations/role-watch.ts";
import { hasNoGate } from "../settings/load-settings.ts";
import type { Settings } from "../settings/settings.ts";
import type { Clock } from "../time/clock.ts";
import { renderSales } from "./render-sales.ts";
import { openLedger, prepareLedger } from "./system-parts.ts";

export interface StatusOptions {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly json: boolean;
  readonly paint: Paint;
  readonly print: (text: string) => void;
}

const maxListed = 1_000;

/**
 * Prints what the ledger knows of the running system.
 * @returns whether nothing needs an operator
 */
export async function showStatus({ settings, clock, json, paint, print }: StatusOptions): Promise<boolean> {
  await using cleanup = new AsyncDisposableStack();
  const ledger = openLedger(settings, clock.now);
  cleanup.defer(() => ledger.close());
  // A look at the system changes nothing, not even tables.
  await prepareLedger(ledger, { ...settings, mysql: { ...settings.mysql, migrate: false } });
  const status = await readStatus(ledger, settings);
  print(json ? JSON.stringify(status) : renderStatus(status, paint));
  return status.attention.length === 0;
}

async function readStatus(ledger: Ledger, settings: Settings) {
  const beats = await ledger.heartbeats.read();
  const sales = (await ledger.changes.list()).map(showSale);
  const deadLetters = await ledger.deadLetters.countWaiting();
  const heldRefunds = (await ledger.payments.listRefunds("held", maxListed)).length;
  const processes = beats.map(describeProcess);
  const attention = [
    ...missingRoles(beats, settings),
    ...processes.flatMap(({ role, host, troubles }) => troubles.map((trouble) => `${role} on ${host}: ${trouble}`)),
    ...(deadLetters > 0 ? [`${deadLetters} dead letters wait: seckill dead-letters list`] : []),
    ...(heldRefunds > 0 ? [`${heldRefunds} refunds are held: seckill refunds list`] : []),
  ];
  return { processes, sales, dead_letters: deadLetters, held_refunds: heldRefunds, attention };
}

function describeProcess({ role, host, instance, ageMs, startedAtMs, details }: Heartbeat) {
  const { troubles } = decodeDetails(details);
  const silence = ageMs < silentAfterMs ? [] : [`silent for ${Math.round(ageMs / 1_000)} s`];
  return {
    ...{ role, host, instance },
    started_at: new Date(startedAtMs).toISOString(),
    heard_seconds_ago: Math.round(ageMs / 100) / 10,
    troubles: [...silence, ...troubles.map(({ name, status, reason }) => `${name} is ${status}: ${reason}`)],
  };
}

/** Roles without which nobody can buy, or nothing that was bought is recorded. */
function missingRoles(beats: readonly Heartbeat[], settings: Settings): string[] {
  if (beats.length === 0) return ["no process is running"];
  const needed = hasNoGate(settings) ? ["gateway", "sweeper"] : ["gateway", "relay", "consumer", "sweeper"];
  return needed
    .filter((role) => !beats.some((beat) => beat.role === role || beat.role === "all"))
    .map((role) => `no ${role} is running`);
}

function renderStatus(status: Awaited<ReturnType<typeof readStatus>>, paint: Paint): string {
  const { processes, sales, dead_letters, held_refunds, attention } = status;
  const lines = processes.map(({ role, host, instance, heard_seconds_ago, troubles }) => {
    const state = troubles.length === 0 ? paint("good", "ok") : paint("bad", "trouble");
    return `  ${role.padEnd(9)} ${state}  ${instance} on ${host}, heard ${heard_seconds_ago} s ago`;
  });
  const needs = attention.map((line) => `  ${paint("bad", line)}`);
  return [
    paint("title", "Processes"),
    ...(lines.length === 0 ? ["  none"] : lines),
    paint("title", "Sales"),
    `  ${renderSales(sales).replaceAll("\n", "\n  ")}`,
    paint("title", "Waiting for an operator"),
    `  ${dead_letters} dead letters, ${held_refunds} held refunds`,
    ...(needs.length === 0 ? [paint("good", "All is in order")] : [paint("title", "Not in order"), ...needs]),
  ].join("\n");
}
