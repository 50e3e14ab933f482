import { sql, type Selectable } from "kysely";
import type { RateRange } from "../../domain/admission-rate.ts";
import { buyersServed } from "../../domain/buckets.ts";
import type { AdmissionStep, RoomSettings } from "../../domain/room.ts";
import type { Sale, SaleProduct, SaleState } from "../../domain/sale.ts";
import type { LedgerDialect, LedgerReader, LedgerTransaction } from "../database/ledger-database.ts";
import type { RoomEntryRow, RoomRow, RoomStepRow } from "../database/room-schema.ts";
import { InvalidSaleError, LedgerCorruptionError } from "../ledger-errors.ts";
import { drawUpRoom } from "../room-rules.ts";
import type { NumberedStep, Room, RoomEntry, RoomState } from "../rooms.ts";

export type StoredRoom = Selectable<RoomRow>;

/** The ledger's own clock. A statement of its own: one that waits for a lock would tell the moment at which it began to wait. */
export interface LedgerTime {
  nowMs(database: LedgerReader): Promise<number>;
}

/** What work under the lock of a room needs. */
export interface RoomContext extends LedgerTime {
  readonly locksRows: boolean;
}

/** `databaseNow` replaces the database's clock in tests. */
export function roomContext(dialect: LedgerDialect, databaseNow: (() => number) | undefined): RoomContext {
  return { locksRows: dialect.locksRows, ...ledgerTime(dialect, databaseNow) };
}

function ledgerTime({ nowMs }: Pick<LedgerDialect, "nowMs">, fixed: (() => number) | undefined): LedgerTime {
  if (fixed !== undefined) return { nowMs: async () => fixed() };
  return {
    async nowMs(database) {
      const { rows } = await sql<{ now: number }>`select ${sql.raw(nowMs)} as now`.execute(database);
      const [row] = rows;
      if (row === undefined) throw new LedgerCorruptionError("the ledger's database does not tell its time");
      return row.now;
    },
  };
}

/** Makes the room of a sale that is published now, if it has one. */
export async function insertRoom(
  transaction: LedgerTransaction,
  { id, room, state }: Sale & { readonly state: SaleState },
  products: readonly SaleProduct[],
): Promise<void> {
  if (room === undefined || state !== "published") return;
  const winners = winnersOf(id, room, products);
  const { rules, rulesHash, secret, receiptKey, pseudonymKey } = drawUpRoom({ id }, { ...room, winners });
  await transaction
    .insertInto("rooms")
    .values({
      ...{ sale_id: id, mode: room.mode, opens_at_ms: room.opensAtMs, closes_at_ms: room.closesAtMs ?? null },
      ...{
        use_within_ms: room.useWithinMs,
        winners: winners ?? null,
        rules: Buffer.from(rules),
        rules_hash: Buffer.from(rulesHash),
      },
      ...{ secret: Buffer.from(secret), receipt_key: Buffer.from(receiptKey) },
      ...{ pseudonym_key: Buffer.from(pseudonymKey), head: Buffer.from(rulesHash) },
      ...{ per_1000_seconds: room.admitPer1000Seconds, on_hold: Number(room.startsOnHold) },
      ...rangeColumns(room.rateRange),
    })
    .execute();
}

export function rangeColumns(range: RateRange | undefined) {
  return { least_per_1000_seconds: range?.least ?? null, most_per_1000_seconds: range?.most ?? null };
}

function rangeOf({ least_per_1000_seconds: least, most_per_1000_seconds: most }: StoredRoom): RateRange | undefined {
  return least === null || most === null ? undefined : { least, most };
}

function winnersOf(saleId: string, { mode, winners }: RoomSettings, products: readonly SaleProduct[]) {
  if (mode !== "ballot") return undefined;
  const count = winners ?? buyersServed(products);
  if (count > 0) return count;
  const why = "the units of a product are not enough for one buyer: add units, or give winners";
  throw new InvalidSaleError(`sale ${saleId}: room: the ballot has no winners, because ${why}`);
}

/** Reads a room's row and keeps others from it until the end of the transaction. */
export function lockRoom(
  transaction: LedgerTransaction,
  roomId: number,
  { locksRows }: { readonly locksRows: boolean },
): Promise<StoredRoom | undefined> {
  return transaction
    .selectFrom("rooms")
    .selectAll()
    .where("id", "=", roomId)
    .$if(locksRows, (query) => query.forUpdate())
    .executeTakeFirst();
}

export async function readSteps(database: LedgerReader, roomId: number, fromStep = 0): Promise<NumberedStep[]> {
  const rows = await database
    .selectFrom("room_steps")
    .selectAll()
    .where("room_id", "=", roomId)
    .where("step", ">=", fromStep)
    .orderBy("step")
    .execute();
  return rows.map(toStep);
}

/** The caller has locked the room. */
export async function addStep(
  transaction: LedgerTransaction,
  roomId: number,
  step: AdmissionStep,
  before: readonly NumberedStep[],
): Promise<void> {
  const { sinceMs, millionths, per1000Seconds } = step;
  const row = { since_ms: sinceMs, millionths, per_1000_seconds: per1000Seconds };
  await transaction
    .insertInto("room_steps")
    .values({ room_id: roomId, step: (before.at(-1)?.step ?? 0) + 1, ...row })
    .execute();
}

function toStep({ step, since_ms, millionths, per_1000_seconds }: RoomStepRow): NumberedStep {
  return { step, sinceMs: since_ms, millionths, per1000Seconds: per_1000_seconds };
}

export function toRoom(row: StoredRoom): Room {
  return {
    ...{ id: row.id, saleId: row.sale_id, mode: row.mode, opensAtMs: row.opens_at_ms },
    ...{ closesAtMs: row.closes_at_ms ?? undefined, useWithinMs: row.use_within_ms, winners: row.winners ?? undefined },
    ...{ rules: Buffer.from(row.rules).toString(), rulesHash: row.rules_hash, secret: row.secret },
    ...{ receiptKey: row.receipt_key, pseudonymKey: row.pseudonym_key },
  };
}

export function toRoomState(row: StoredRoom, nowMs: number): RoomState {
  const { drawn_entries: entries, drawn_head: head, public_value: publicValue } = row;
  return {
    nowMs,
    line: { entries: row.entries, head: row.head },
    drawn: entries === null || head === null ? undefined : { entries, head },
    root: row.root ?? undefined,
    publicValue: publicValue === null ? undefined : Buffer.from(publicValue).toString(),
    ...{ seed: row.seed ?? undefined, beginsAtMs: row.begins_at_ms ?? undefined },
    ...{ per1000Seconds: row.per_1000_seconds, rateRange: rangeOf(row), isOnHold: row.on_hold === 1 },
    ...{ used: row.used, judged: row.judged, passedOn: row.passed_on, revision: row.revision },
  };
}

export function toRoomEntry({ number, pseudonym, entered_at_ms }: RoomEntryRow): RoomEntry {
  return { number, pseudonym, enteredAtMs: entered_at_ms };
}
