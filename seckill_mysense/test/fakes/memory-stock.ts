import type { HeldReservation } from "../../src/domain/reservation.ts";
import type { MemoryOutbox } from "./memory-outbox.ts";

/** One product of a gate in memory. */
export interface MemoryStock {
  /** 0 while a product that the gate did not know is under repair. */
  epoch: number;
  sequence: number;
  /** The run of the server that may sell the product. */
  server: number;
  repair: { readonly token: string; readonly server: number; untilMs: number } | undefined;
  open: boolean;
  available: number;
  total: number;
  startsAtMs: number;
  endsAtMs: number;
  limitPerUser: number;
  version: number;
  paused: boolean;
  waiting: boolean;
  /** User id to the reservations that the user holds. */
  readonly holders: Map<string, readonly HeldReservation[]>;
  /** Reservation id to the epoch of its return. */
  readonly returned: Map<string, number>;
  readonly outbox: MemoryOutbox;
}
