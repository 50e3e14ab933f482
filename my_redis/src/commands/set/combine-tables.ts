import type { Address } from "../../memory/heap.ts";
import type { RecordTable } from "../../memory/record-table.ts";

/**
 * Set operations on large sets alone. Their tables keep each member's hash, and all hash alike: no member is hashed
 * again, and one that another set does not have is not even looked at.
 */
type VisitEntry = (entry: Address, hash: number) => void;

/** Slots of a table that are gone through before `isDone` is asked again. */
const slotsPerLook = 256;

/** Visits the entries of the smallest table whose members all others have. */
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

/** Visits the entries of all tables, each member at the first table that has it. */
export function uniteTables(tables: readonly RecordTable[], visit: VisitEntry): void {
  const distinct = [...new Set(tables)];
  for (const [number, table] of distinct.entries()) visitMissing(table, distinct.slice(0, number), visit);
}

/** Visits the entries of the first table whose members no other has. */
export function subtractTables([first, ...others]: readonly RecordTable[], visit: VisitEntry): void {
  if (first !== undefined) visitMissing(first, others, visit);
}

function visitMissing(table: RecordTable, others: readonly RecordTable[], visit: VisitEntry): void {
  table.forEach((entry, hash) => {
    for (const other of others) if (other.hasKeyOf(hash, entry)) return;
    visit(entry, hash);
  });
}
