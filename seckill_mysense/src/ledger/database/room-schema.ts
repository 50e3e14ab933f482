import type { Generated } from "kysely";
import type { RoomMode } from "../../domain/room.ts";

/** The waiting room of a published sale. Its row is locked while entries get their numbers. */
export interface RoomRow {
  id: Generated<number>;
  sale_id: string;
  mode: RoomMode;
  opens_at_ms: number;
  closes_at_ms: number | null;
  use_within_ms: number;
  /** Of a ballot. */
  winners: Generated<number | null>;
  /** The published rules, in the one form that their hash is of. */
  rules: Uint8Array;
  rules_hash: Uint8Array;
  /** Disclosed after the draw. */
  secret: Uint8Array;
  /** The private key of receipts. */
  receipt_key: Uint8Array;
  /** Makes pseudonyms of users. */
  pseudonym_key: Uint8Array;
  entries: Generated<number>;
  /** The head of the line after the last entry. */
  head: Uint8Array;
  last_entry_ms: Generated<number>;
  /** How many take part in the draw; null until the entry is closed. */
  drawn_entries: Generated<number | null>;
  drawn_head: Generated<Uint8Array | null>;
  /** Of the tree over the drawn entries; null until it is announced. */
  root: Generated<Uint8Array | null>;
  /** As JSON. */
  public_value: Generated<Uint8Array | null>;
  seed: Generated<Uint8Array | null>;
  /** When the admission begins; null until that is known. */
  begins_at_ms: Generated<number | null>;
  /** The rate of admission, also while the room is on hold. */
  per_1000_seconds: number;
  /** Between which the rate follows the load; null: it is as operators set it. */
  least_per_1000_seconds: Generated<number | null>;
  most_per_1000_seconds: Generated<number | null>;
  on_hold: number;
  /** How many places were used. */
  used: Generated<number>;
  /** The last place whose window is over and whose use was looked at. */
  judged: Generated<number>;
  /** How many places that were not used were passed on. */
  passed_on: Generated<number>;
  /** Raised by all changes but entries and uses. */
  revision: Generated<number>;
}

export interface RoomEntryRow {
  room_id: number;
  number: number;
  pseudonym: Uint8Array;
  entered_at_ms: number;
}

/** How many are admitted from a moment on: see domain/room.ts. */
export interface RoomStepRow {
  room_id: number;
  step: number;
  since_ms: number;
  millionths: number;
  per_1000_seconds: number;
}

export interface RoomUseRow {
  room_id: number;
  place: number;
  used_at_ms: number;
  /** In a ballot, whose places are given back by those who hold no order. */
  user_id: Generated<string | null>;
}
