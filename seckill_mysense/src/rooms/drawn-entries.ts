import { DrawnOrder, leafOf, MerkleRoot, type Entry } from "fair-draw";
import type { LedgerRooms, Room, RoomEntry } from "../ledger/rooms.ts";
import { fastSha256 } from "./fast-hash.ts";

/** Entries in one reading of the ledger. Between two readings the process does other work. */
const pageSize = 2_000;

type Reader = Pick<LedgerRooms, "entries">;

/** The entries of a room from the first one on, in the order of their numbers. */
export async function* firstEntries(rooms: Reader, roomId: number, count: number): AsyncGenerator<Entry> {
  for (let after = 0; after < count;) {
    const page = await rooms.entries(roomId, after, Math.min(pageSize, count - after));
    if (page.length === 0) throw new Error(`room ${roomId} has ${after} entries, and ${count} were expected`);
    for (const entry of page) yield toEntry(entry);
    after += page.length;
  }
}

function toEntry({ number, pseudonym, enteredAtMs }: RoomEntry): Entry {
  return { number, pseudonym, time: enteredAtMs };
}

export async function rootOf(rooms: Reader, { id, rulesHash }: Room, count: number): Promise<Uint8Array> {
  const tree = new MerkleRoot(fastSha256);
  for await (const entry of firstEntries(rooms, id, count)) tree.add(leafOf(rulesHash, entry, fastSha256));
  return tree.root();
}

/** The place of each drawn entry, that of number 1 first. Everybody who has the entries and the seed computes the same. */
export async function placesOf(
  rooms: Reader,
  { id, rulesHash }: Room,
  { count, seed }: { readonly count: number; readonly seed: Uint8Array },
): Promise<Uint32Array> {
  const order = new DrawnOrder(seed, fastSha256);
  for await (const entry of firstEntries(rooms, id, count)) order.add(leafOf(rulesHash, entry, fastSha256));
  return order.places();
}
