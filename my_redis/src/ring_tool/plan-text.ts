import type { RingPlan } from "../cluster/agreement/ring-change.ts";
import type { RingStatus } from "../cluster/failover/ring-status.ts";

/** Keys that a node has, by the name of its place; empty where that is not known. */
export type KeyCounts = ReadonlyMap<string, number>;

export interface PlannedTransfer {
  readonly from: string;
  readonly to: string;
  readonly slots: number;
  /** As many as slots of average size hold. */
  readonly aboutKeys: number | undefined;
}

/** What goes from whom to whom. */
export function transfersOf({ differences }: RingPlan, { seats }: RingStatus, keys: KeyCounts): PlannedTransfer[] {
  const slots = new Map<string, { from: string; to: string; slots: number }>();
  for (const { from, to, start, end } of differences) {
    const transfer = slots.get(`${from} ${to}`) ?? { from, to, slots: 0 };
    transfer.slots += end - start + 1;
    slots.set(`${from} ${to}`, transfer);
  }
  return [...slots.values()].map((transfer) => {
    const own = seats.find(({ name }) => name === transfer.from)?.slots ?? 0;
    const count = keys.get(transfer.from);
    const aboutKeys = count === undefined || own === 0 ? undefined : Math.round((count * transfer.slots) / own);
    return { ...transfer, aboutKeys };
  });
}

/** A plan as a table that people read. */
export function planText(plan: RingPlan, transfers: readonly PlannedTransfer[]): string {
  const [before, after] = plan.ranges;
  const ranges = `Ranges of slots: ${before} before, ${after} after.\n`;
  if (plan.slots === 0) return `No slots move. ${ranges}`;
  const rows = transfers.map(({ from, to, slots, aboutKeys }) => [
    ...[from, to, `${slots}`],
    aboutKeys === undefined ? "?" : `${aboutKeys}`,
  ]);
  const part = ((100 * plan.slots) / plan.of).toFixed(1);
  return `${tableText(["from", "to", "slots", "keys, about"], rows)}${plan.slots} of ${plan.of} slots move (${part}%). ${ranges}`;
}

export function statusText(status: RingStatus, keys: KeyCounts): string {
  const rows = status.seats.map(({ name, primary, nodes, membership, weight, slots, ranges }) => [
    ...[name, primary === "" ? "none" : primary === name ? "itself" : primary],
    ...[nodes.filter((node) => node !== name).join(" ") || "-", membership, `${weight}`, `${slots}`, `${ranges}`],
    `${keys.get(name) ?? "?"}`,
  ]);
  const table = tableText(["place", "primary", "other nodes", "state", "weight", "slots", "ranges", "keys"], rows);
  const head = `Leader ${status.leader}, table ${status.version}, voters: ${status.voters.join(" ")}\n`;
  const { failingDisks } = status;
  const disks = failingDisks.length === 0 ? "" : `Their logs cannot be written: ${failingDisks.join(" ")}\n`;
  return `${head}${table}${disks}${progressText(status)}\n`;
}

/** What is under way, in one line. */
export function progressText({ isSettled, slotsLeft, moves, waitsFor }: RingStatus): string {
  if (isSettled) return "Nothing is under way.";
  const move = moves.map(({ from, to, slots, phase }) => `${slots} slots ${from} -> ${to}: ${phase}`).join("; ");
  const waits = waitsFor.length === 0 ? "" : `waits for ${waitsFor.join("; ")}`;
  return [`${slotsLeft} slots left to move`, move, waits].filter((text) => text !== "").join("; ");
}

function tableText(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)));
  const isNumeric = (column: number): boolean => rows.every((row) => /^[\d.?]+$/.test(row[column] ?? ""));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (isNumeric(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join("  ")
      .trimEnd();
  return [head, ...rows].map((row) => `${line(row)}\n`).join("");
}
