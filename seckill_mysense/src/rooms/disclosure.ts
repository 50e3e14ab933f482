import {
  type Announcement,
  type DisclosureHeader,
  parsePublicValue,
  type PublicValue,
  type Rules,
  signAnnouncement,
  signHead,
  type SignedHead,
  writeDisclosure,
} from "fair-draw";
import type { LedgerRooms, Room, RoomLine, RoomState } from "../ledger/rooms.ts";
import { firstEntries } from "./drawn-entries.ts";
import { receiptSigner } from "./receipt-signer.ts";

/** The ledger has only rules that fair-draw took. To check their keys again takes milliseconds, and anybody may ask. */
export function rulesOf({ rules }: Room): Rules {
  return JSON.parse(rules) as Rules;
}

export function signedHead({ receiptKey, rulesHash }: Room, { entries, head }: RoomLine): SignedHead {
  return signHead(receiptSigner(receiptKey), rulesHash, { number: entries, head });
}

/** The same each time. Undefined until the drawn entries have a root. */
export function announcementOf(
  { receiptKey, rulesHash }: Room,
  { drawn, root }: Pick<RoomState, "drawn" | "root">,
): Announcement | undefined {
  if (drawn === undefined || root === undefined) return undefined;
  return signAnnouncement(receiptSigner(receiptKey), rulesHash, { count: drawn.entries, root, head: drawn.head });
}

export function publicValueOf(room: Room, { publicValue }: Pick<RoomState, "publicValue">): PublicValue | undefined {
  const rules = rulesOf(room);
  if (publicValue === undefined || rules.mode === "queue") return undefined;
  return parsePublicValue("the value", JSON.parse(publicValue), rules.publicValue);
}

/**
 * What anybody needs to compute the order again, in pieces. Undefined until the order is known: the secret is disclosed
 * with it.
 */
export function discloseRoom(
  rooms: Pick<LedgerRooms, "entries">,
  room: Room,
  state: RoomState,
): AsyncGenerator<string> | undefined {
  const header = headerOf(room, state);
  return header && writeDisclosure(header, firstEntries(rooms, room.id, state.line.entries));
}

function headerOf(room: Room, state: RoomState): DisclosureHeader | undefined {
  if (state.beginsAtMs === undefined) return undefined;
  const rules = rulesOf(room);
  const lastHead = signedHead(room, state.line);
  if (rules.mode === "queue") return { rules, lastHead };
  const [announcement, publicValue] = [announcementOf(room, state), publicValueOf(room, state)];
  if (announcement === undefined || publicValue === undefined) return undefined;
  return { rules, secret: Buffer.from(room.secret).toString("hex"), announcement, publicValue, lastHead };
}
