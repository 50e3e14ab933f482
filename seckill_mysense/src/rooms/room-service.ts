import { type PublicValue, sha256, witnessMessage } from "fair-draw";
import { admittedAt, describeBadRange } from "../domain/room.ts";
import { InvalidSaleError } from "../ledger/ledger-errors.ts";
import type { AdmissionChange, LedgerRooms, Room, RoomState } from "../ledger/rooms.ts";
import { asPublicValue } from "./beacon-reader.ts";
import { announcementOf, publicValueOf, rulesOf } from "./disclosure.ts";

/** A room as operators see it. Moments are ISO 8601, bytes are hexadecimal. */
export interface ShownRoom {
  readonly sale: string;
  readonly mode: Room["mode"];
  readonly phase: "before" | "open" | "drawing" | "admitting" | "on hold";
  readonly opens_at: string;
  readonly closes_at?: string;
  /** When the admission begins, once it is known. */
  readonly begins_at?: string;
  readonly ledger_time: string;
  readonly entries: number;
  /** Entries that take part in the draw, once the entry is closed. */
  readonly drawn?: number;
  readonly admitted: number;
  readonly used: number;
  readonly passed_on: number;
  /** Not of a ballot, whose winners are admitted at once. */
  readonly admit_per_second?: number;
  /** Between which the rate follows the load. */
  readonly admit_between?: { readonly least: number; readonly most: number };
  readonly winners?: number;
  readonly use_within_seconds: number;
  readonly on_hold: boolean;
  readonly rules_hash: string;
  /** Where the public value comes from. */
  readonly public_value_source?: { readonly kind: string };
  readonly public_value?: PublicValue;
  readonly announcement?: { readonly count: number; readonly root: string };
  /** What witnesses sign, once the entries are announced. */
  readonly witness_message?: string;
}

export interface RoomServiceParts {
  readonly rooms: LedgerRooms;
}

/** What operators give: a number of people a second, or two between which the rate follows the load. */
export function rateChange(
  asked: { readonly perSecond: number } | { readonly least: number; readonly most: number },
): AdmissionChange {
  const in1000Seconds = (perSecond: number): number => Math.round(perSecond * 1_000);
  if ("perSecond" in asked) return { kind: "rate", per1000Seconds: in1000Seconds(asked.perSecond) };
  return { kind: "rate range", rateRange: { least: in1000Seconds(asked.least), most: in1000Seconds(asked.most) } };
}

/** There is no such sale, or it has no room. */
export class NoRoomError extends Error {
  override readonly name = "NoRoomError";
}

/** What operators do with the waiting rooms of published sales. */
export class RoomService {
  readonly #rooms: LedgerRooms;

  constructor({ rooms }: RoomServiceParts) {
    this.#rooms = rooms;
  }

  /** @throws NoRoomError */
  async read(saleId: string): Promise<ShownRoom> {
    const room = await this.#find(saleId);
    const state = (await this.#rooms.state(room.id))!;
    return showRoom(room, state, admittedAt(await this.#rooms.steps(room.id, 0), state.nowMs));
  }

  /**
   * Rate, hold and opening hold from now on; gateways know them within a second.
   * @throws NoRoomError, InvalidSaleError for the rate of a ballot
   */
  async change(saleId: string, change: AdmissionChange, actor: string): Promise<ShownRoom> {
    const { id, mode } = await this.#find(saleId);
    if (change.kind === "rate range") {
      const bad = describeBadRange(change.rateRange);
      if (bad !== undefined) throw new InvalidSaleError(`sale ${saleId}: room: ${bad}`);
    }
    if (mode === "ballot" && (change.kind === "rate" || change.kind === "rate range")) {
      throw new InvalidSaleError(`sale ${saleId}: room: a ballot has no rate: its winners are admitted at once`);
    }
    await this.#rooms.changeAdmission(id, change, actor);
    return this.read(saleId);
  }

  /** Gives the draw its public value, once. @throws NoRoomError, InvalidSaleError if the rules ask for another one */
  async publish(saleId: string, value: unknown): Promise<ShownRoom> {
    const { id } = await this.#find(saleId);
    const outcome = await this.#rooms.publish(id, asPublicValue(value));
    if (outcome.kind === "refused") throw new InvalidSaleError(`sale ${saleId}: room: ${outcome.reason}`);
    return this.read(saleId);
  }

  async #find(saleId: string): Promise<Room> {
    const room = await this.#rooms.find(saleId);
    if (room !== undefined) return room;
    throw new NoRoomError(`sale ${saleId}: there is no such sale, or it has no waiting room, or is not published`);
  }
}

function showRoom(room: Room, state: RoomState, admitted: number): ShownRoom {
  const iso = (ms: number): string => new Date(ms).toISOString();
  const { closesAtMs } = room;
  const { beginsAtMs, drawn, rateRange } = state;
  return {
    ...{ sale: room.saleId, mode: room.mode, phase: phaseOf(room, state), opens_at: iso(room.opensAtMs) },
    ...(closesAtMs !== undefined && { closes_at: iso(closesAtMs) }),
    ...(beginsAtMs !== undefined && { begins_at: iso(beginsAtMs) }),
    ...{ ledger_time: iso(state.nowMs), entries: state.line.entries, ...(drawn && { drawn: drawn.entries }) },
    ...{ admitted: Math.min(admitted, state.line.entries), used: state.used, passed_on: state.passedOn },
    ...(room.winners === undefined ? { admit_per_second: state.per1000Seconds / 1_000 } : { winners: room.winners }),
    ...(rateRange && { admit_between: { least: rateRange.least / 1_000, most: rateRange.most / 1_000 } }),
    use_within_seconds: room.useWithinMs / 1_000,
    ...{ on_hold: state.isOnHold, rules_hash: Buffer.from(room.rulesHash).toString("hex") },
    ...showDraw(room, state),
  };
}

function showDraw(room: Room, state: RoomState): Partial<ShownRoom> {
  const rules = rulesOf(room);
  if (rules.mode === "queue") return {};
  const announcement = announcementOf(room, state);
  const publicValue = publicValueOf(room, state);
  const hasWitnesses = rules.publicValue.kind === "witnesses" && state.root !== undefined;
  return {
    public_value_source: rules.publicValue,
    ...(publicValue && { public_value: publicValue }),
    ...(announcement && { announcement }),
    ...(hasWitnesses && {
      witness_message: Buffer.from(witnessMessage(room.rulesHash, state.root, sha256)).toString("hex"),
    }),
  };
}

function phaseOf({ opensAtMs }: Room, { nowMs, beginsAtMs, drawn, isOnHold }: RoomState): ShownRoom["phase"] {
  if (isOnHold && beginsAtMs !== undefined) return "on hold";
  if (beginsAtMs !== undefined) return "admitting";
  if (drawn !== undefined) return "drawing";
  return nowMs < opensAtMs ? "before" : "open";
}
