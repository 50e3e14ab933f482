import type { Address } from "../../memory/heap.ts";
import type { RecordTable } from "../../memory/record-table.ts";

/**
 * Set operations on large sets only. Their tables store each member's hash and use the same hash function. So no member
 * is hashed again, and a member that another set lacks is found missing by its hash alone.
 */
type VisitEntry = (entry: Address, hash: number) => void;

/** Slots of a table that are visited before `isDone` is called again. */
const slotsPerLook = 256;

/** Visits the entries of the smallest table whose members are in all others. */
export function intersectTables(tables: readonly RecordTable[], visit: VisitEntry, isDone: () => boolean): void {
  const [smallest, ...others] = tables.toSorted((one, other) => one.size - other.size);
  if (smallest === undefined) return;
  const [second] = others;
  const rest = others.slice(1);
  const visitCommon: VisitEntry = (entry, hash) => {
    if (second?.hasKeyOf(hash, entry) === false) return;
    for (const other of rest) if (!other.hasKeyOf(hash, entry)) return;
    if (!isDone()) visit(entry, hash);
  };
  for (let from = 0; from >= 0 && !isDone();) from = smallest.visitSlots(from, slotsPerLook, visitCommon);
}

/** Visits the entries of all tables, each member at the first table that contains it. */
export function uniteTables(tables: readonly RecordTable[], visit: VisitEntry): void {
  const distinct = [...new Set(tables)];
  for (const [number, table] of distinct.entries()) visitMissing(table, distinct.slice(0, number), visit);
}

/** Visits the entries of the first table whose members are in no other. */
export function subtractTables([first, ...others]: readonly RecordTable[], visit: VisitEntry): void {
  if (first !== undefined) visitMissing(first, others, visit);
}

function visitMissing(table: RecordTable, others: readonly RecordTable[], visit: VisitEntry): void {
  table.forEach((entry, hash) => {
    for (const other of others) if (other.hasKeyOf(hash, entry)) return;
    visit(entry, hash);
  });
}
