import { commitmentOf, parseRules } from "fair-draw";
import type { RoomSettings } from "../../../src/domain/room.ts";
import type { Sale } from "../../../src/domain/sale.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import type { EnterOutcome, Room, RoomEntry, UseOutcome } from "../../../src/ledger/rooms.ts";
import { makeProduct, makeSale } from "./ledger-fixtures.ts";

export const opensAtMs = 10_000;
export const closesAtMs = 20_000;
export const startsAtMs = 30_000;

export const drawRoom: RoomSettings = {
  ...{ mode: "draw", opensAtMs, closesAtMs, admitPer1000Seconds: 1_000_000, useWithinMs: 5_000 },
  ...{ startsOnHold: false, publicValue: { kind: "none" } },
};

export const queueRoom: RoomSettings = { ...drawRoom, mode: "queue", closesAtMs: undefined };

export const ballotRoom: RoomSettings = { ...drawRoom, mode: "ballot", admitPer1000Seconds: 0, winners: 3 };

export function makeRoomSale(room: RoomSettings, changes: Partial<Sale> = {}) {
  const sale = makeSale({ startsAtMs, room, ...changes });
  return { sale, products: [makeProduct(sale)] };
}

/** A published sale with a room. */
export async function openRoom(ledger: Ledger, settings: RoomSettings): Promise<Room> {
  const { sale, products } = makeRoomSale(settings);
  await ledger.sales.create(sale, products);
  return (await ledger.rooms.find(sale.id))!;
}

export function pseudonymOf(name: string): Uint8Array {
  return new Bun.CryptoHasher("md5").update(name).digest();
}

export function enter(ledger: Ledger, room: Room, name: string, maxEntries = 1_000): Promise<EnterOutcome> {
  return ledger.rooms.enter({ roomId: room.id, pseudonym: pseudonymOf(name), maxEntries });
}

export function entryOf(outcome: EnterOutcome): RoomEntry {
  if (outcome.kind !== "entered") throw new Error(`not entered: ${outcome.kind}`);
  return outcome.entry;
}

/** Uses a place as its owner. In a draw of these tests, the place of each entry is its number. */
export async function usePlace(
  { rooms }: Pick<Ledger, "rooms">,
  { id: roomId }: Pick<Room, "id">,
  place: number,
  userId?: string,
): Promise<UseOutcome> {
  const state = await rooms.state(roomId);
  const [entry] = await rooms.entries(roomId, place - 1, 1);
  const isDrawn = place <= (state?.drawn?.entries ?? 0);
  const pseudonym = entry?.pseudonym ?? new Uint8Array(16);
  const seed = isDrawn ? state?.seed : undefined;
  return rooms.use({ roomId, place, number: place, pseudonym, seed, ...(userId === undefined ? {} : { userId }) });
}

/** Whether the rules that were published stand for the secret that is kept. */
export function isCommittedTo({ rules, secret }: Room): boolean {
  const parsed = parseRules(JSON.parse(rules));
  return parsed.mode === "draw" && parsed.commitment === Buffer.from(commitmentOf(secret)).toString("hex");
}
