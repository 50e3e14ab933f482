import { type Receipt, signReceipt } from "fair-draw";
import type { RoomPass, RoomPasses } from "../authorization/room-passes.ts";
import type { Session } from "../authorization/sessions.ts";
import type { PlaceState, RoomSettings } from "../domain/room.ts";
import type { EnterOutcome, LedgerRooms, Room, RoomEntry } from "../ledger/rooms.ts";
import { fastSha256 } from "../rooms/fast-hash.ts";
import { pseudonymOf } from "../rooms/pseudonym.ts";
import { receiptSigner } from "../rooms/receipt-signer.ts";
import type { FollowedRoom } from "./followed-room.ts";
import { type Entered, RepeatedEntries } from "./repeated-entries.ts";
import { cookieValue } from "./request-fields.ts";

const roomPassHeader = "x-room-pass";
export const roomPassCookieName = "seckill_room";

export interface RoomVisitorsParts {
  readonly rooms: Pick<LedgerRooms, "enter" | "findEntry" | "use" | "isUsed">;
  readonly passes: RoomPasses;
  readonly follower: { of(saleId: string): FollowedRoom | undefined };
  readonly secureCookies: boolean;
  /** Most who enter one room. */
  readonly maxEntries: number;
}

/** A sale as far as its room goes. */
export interface RoomedSale {
  readonly id: string;
  readonly room?: RoomSettings | undefined;
}

export type AdmissionFailure =
  | { readonly failure: "room_required" | "room_place_expired" }
  | { readonly failure: "room_not_admitted" | "room_unavailable"; readonly retryAfterSeconds: number };

/** Who may go on, with which place; 0 in a sale without a room. */
export type Admission =
  | {
      readonly place: number;
      readonly pass: RoomPass | undefined;
      /** How long its owner may buy, in a ballot; undefined: as long as the sale goes on. */
      readonly lastsMs?: number | undefined;
    }
  | AdmissionFailure;

const unavailable = { failure: "room_unavailable", retryAfterSeconds: 1 } as const;
/** Nobody is told to wait longer before it asks again. */
const maxRetrySeconds = 30;

/** More than enter again within the time that their limit leaves between two tries. */
const maxRepeated = 16_384;

/** What visitors do in waiting rooms. */
export class RoomVisitors {
  readonly #parts: RoomVisitorsParts;
  readonly #repeated = new RepeatedEntries(maxRepeated);

  constructor(parts: RoomVisitorsParts) {
    this.#parts = parts;
  }

  /** The room of a sale as this gateway follows it. */
  find(saleId: string): FollowedRoom | undefined {
    return this.#parts.follower.of(saleId);
  }

  /** Gives a user a number, the same one each time. */
  async enter(followed: FollowedRoom, userId: string): Promise<Entered | Exclude<EnterOutcome, { kind: "entered" }>> {
    const { room } = followed;
    const pseudonym = pseudonymOf(room.pseudonymKey, userId);
    const outcome = await this.#parts.rooms.enter({ roomId: room.id, pseudonym, maxEntries: this.#parts.maxEntries });
    return outcome.kind === "entered" ? this.#entered(followed, userId, outcome.entry) : outcome;
  }

  /** What a user got who has entered, as the ledger has it. */
  async findEntered(followed: FollowedRoom, userId: string): Promise<Entered | undefined> {
    const { room } = followed;
    const entry = await this.#parts.rooms.findEntry(room.id, pseudonymOf(room.pseudonymKey, userId));
    return entry && this.#entered(followed, userId, entry);
  }

  #entered(followed: FollowedRoom, userId: string, entry: RoomEntry): Entered {
    const entered = { pass: passOf(followed.room.id, entry), receipt: receiptOf(followed, entry) };
    // A new entry is newer than what this gateway has read of the room.
    if (mustBeThere(followed, entered.pass)) this.#repeated.add(userId, entered);
    return entered;
  }

  /** The entry of a user who has entered again before, as long as the ledger surely has it. */
  repeated(followed: FollowedRoom, userId: string): Entered | undefined {
    const entered = this.#repeated.get(followed.room.id, userId);
    return entered && mustBeThere(followed, entered.pass) ? entered : undefined;
  }

  /**
   * The pass in the header, whoever sends it. No question to the ledger. A cookie is none without its session: it may be
   * that of an earlier user of the browser.
   */
  passIn({ room }: FollowedRoom, { headers }: Request): RoomPass | undefined {
    return this.#read(room, headers.get(roomPassHeader) ?? undefined);
  }

  /** By whom the limits go if a request has a pass and no session. */
  nameIn({ headers }: Request): string | undefined {
    const text = headers.get(roomPassHeader);
    const pass = text === null ? undefined : this.#parts.passes.read(text);
    return pass && `room/${pass.pseudonym}`;
  }

  #read(room: Room, text: string | undefined): RoomPass | undefined {
    const pass = text === undefined ? undefined : this.#parts.passes.read(text);
    return pass?.roomId === room.id ? pass : undefined;
  }

  /** The user's own pass: the one that the request carries, or a new one. Undefined for somebody who has not entered. */
  async passOfUser(followed: FollowedRoom, userId: string, { headers }: Request): Promise<RoomPass | undefined> {
    const { room } = followed;
    const pseudonym = pseudonymOf(room.pseudonymKey, userId);
    const text = headers.get(roomPassHeader) ?? cookieValue(headers, roomPassCookieName);
    const carried = this.#read(room, text);
    const isOwn = carried?.pseudonym === Buffer.from(pseudonym).toString("base64url");
    // The place may have been used on another device. While the window is open, that makes no difference.
    if (isOwn && mustBeThere(followed, carried)) return this.#noteUse(followed, carried, ["expired"]);
    const finding = this.#parts.rooms.findEntry(room.id, pseudonym);
    const entry = finding.then((found) => found && passOf(room.id, found));
    // While the ledger is away, the pass is what is known.
    const pass = await (isOwn ? entry.catch(() => carried) : entry);
    return pass && this.#noteUse(followed, pass, ["admitted", "expired"]);
  }

  /** Asks the ledger whether the place was used, if the pass does not say so and the place is in such a state. */
  async #noteUse(followed: FollowedRoom, pass: RoomPass, asksWhen: readonly PlaceState["kind"][]): Promise<RoomPass> {
    const place = followed.placeOf(pass.number);
    if (pass.isUsed || place === undefined || !asksWhen.includes(followed.stateOf(place).kind)) return pass;
    // While the ledger is away, the pass is what is known.
    return { ...pass, isUsed: await this.#parts.rooms.isUsed({ roomId: pass.roomId, place }).catch(() => false) };
  }

  /** A pass as a program carries it, and as a browser does until the sale is over. */
  write(pass: RoomPass, { lastsMs }: { readonly lastsMs: number }): { readonly text: string; readonly cookie: string } {
    const text = this.#parts.passes.write(pass);
    const maxAgeSeconds = Math.max(1, Math.ceil(lastsMs / 1_000));
    const cookie = `${roomPassCookieName}=${text}; Max-Age=${maxAgeSeconds}; Path=/; HttpOnly; SameSite=Lax`;
    return { text, cookie: this.#parts.secureCookies ? `${cookie}; Secure` : cookie };
  }

  /**
   * Lets a user go on to what a sale's room stands in front of, and marks the place as used. `isAlsoAfter`: whoever has used
   * the place may come back when its window is over. Not in a ballot, where nobody buys after the window.
   */
  async admit(
    sale: RoomedSale,
    { userId }: Pick<Session, "userId">,
    request: Request,
    { isAlsoAfter }: { readonly isAlsoAfter: boolean },
  ): Promise<Admission> {
    if (sale.room === undefined) return { place: 0, pass: undefined };
    const followed = this.find(sale.id);
    if (followed?.state === undefined) return unavailable;
    const pass = await this.passOfUser(followed, userId, request);
    if (pass === undefined) return { failure: "room_required" };
    const place = followed.placeOf(pass.number);
    if (place === undefined) return { failure: "room_not_admitted", retryAfterSeconds: 2 };
    const isBallot = followed.room.mode === "ballot";
    const mayComeBack = isAlsoAfter && !isBallot;
    const early = refusalBefore(followed, place, pass.isUsed && mayComeBack);
    if (early !== undefined) return early;
    const { number } = pass;
    const pseudonym = Buffer.from(pass.pseudonym, "base64url");
    const seed = followed.seedOf(number);
    const outcome = await this.#parts.rooms.use({ roomId: followed.room.id, place, number, pseudonym, seed, userId });
    if (outcome.kind === "unknown") {
      // The next try goes by what the ledger has now.
      followed.noteFallBack();
      return unavailable;
    }
    if (outcome.kind === "waiting") return { failure: "room_not_admitted", retryAfterSeconds: 1 };
    if (outcome.kind === "expired" || (outcome.openUntilMs === undefined && !mayComeBack)) {
      return { failure: "room_place_expired" };
    }
    const { openUntilMs } = outcome;
    const lastsMs = isBallot && openUntilMs !== undefined ? openUntilMs - followed.nowMs() : undefined;
    return { place, pass: { ...pass, isUsed: true }, lastsMs };
  }
}

/** Whether the ledger surely has the entry of a pass: it may have fallen back to an older state after the pass was written. */
function mustBeThere({ fellBack, state }: FollowedRoom, { number }: RoomPass): boolean {
  return !fellBack && state !== undefined && number <= state.line.entries;
}

/** Where a gateway is sure, the ledger is not asked. At the edges the ledger's clock decides. */
function refusalBefore(followed: FollowedRoom, place: number, isBack: boolean): AdmissionFailure | undefined {
  const { errorMs } = followed;
  const state = followed.stateOf(place);
  if (state.kind === "waiting" && (state.waitMs === undefined || state.waitMs > errorMs)) {
    const seconds = Math.ceil((state.waitMs ?? Infinity) / 1_000);
    return { failure: "room_not_admitted", retryAfterSeconds: Math.min(maxRetrySeconds, seconds) };
  }
  const isLongOver = state.kind === "expired" && followed.nowMs() - state.sinceMs > errorMs;
  return isLongOver && !isBack ? { failure: "room_place_expired" } : undefined;
}

function passOf(roomId: number, { number, pseudonym, enteredAtMs }: RoomEntry): RoomPass {
  return { roomId, number, pseudonym: Buffer.from(pseudonym).toString("base64url"), enteredAtMs, isUsed: false };
}

function receiptOf({ room }: FollowedRoom, { number, pseudonym, enteredAtMs }: RoomEntry): Receipt {
  const entry = { number, pseudonym, time: enteredAtMs };
  return signReceipt(receiptSigner(room.receiptKey), room.rulesHash, entry, fastSha256);
}
