import type { RecordOutcome } from "../domain/order.ts";
import type { Logger } from "../logging/logger.ts";
import type { DeadLetter, DeadLetterState, LedgerDeadLetters } from "../ledger/dead-letters.ts";
import type { LedgerOrders, RecordOptions } from "../ledger/orders.ts";
import { decodeReservation } from "../queue/reservation-codec.ts";
import { salvageReservation } from "./salvage-reservation.ts";

export interface DeadLettersOptions {
  readonly letters: LedgerDeadLetters;
  readonly orders: Pick<LedgerOrders, "record" | "reject" | "readAnswers">;
  readonly windows: RecordOptions;
  readonly logger: Logger;
}

export type SettleResult =
  /** This call settled it; `outcome` says in words what came of it. */
  | { readonly kind: "done"; readonly outcome: string }
  | { readonly kind: "already"; readonly letter: DeadLetter }
  /** It cannot be replayed, and still waits. */
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "not_found" };

/** Most letters in one list. */
export const maxListedLetters = 1_000;

/** What an operator does with dead letters, whether by the command line or over HTTP. Every step is safe to repeat. */
export class DeadLetters {
  readonly #options: DeadLettersOptions;

  constructor(options: DeadLettersOptions) {
    this.#options = options;
  }

  list(state: DeadLetterState, limit = maxListedLetters): Promise<DeadLetter[]> {
    return this.#options.letters.list(state, Math.min(limit, maxListedLetters));
  }

  read(id: string): Promise<DeadLetter | undefined> {
    return this.#options.letters.read(id);
  }

  /**
   * Records the reservation as a consumer would. It does not go through the queue again: the ledger has the message, and
   * so the operator learns at once what came of it. A reservation that was rejected keeps this answer for ever.
   */
  async replay(id: string, by: string): Promise<SettleResult> {
    const found = await this.#waiting(id);
    if ("kind" in found) return found;
    const reservation = decodeReservation(found.body);
    if (reservation === undefined) {
      return { kind: "refused", why: `this version of the program cannot read the message: ${found.detail}` };
    }
    const rejection = (await this.#answer(reservation.reservationId))?.rejection;
    if (rejection !== undefined) {
      const why = `its buyer has been told that the reservation was rejected (${rejection}), and an answer never changes`;
      return { kind: "refused", why };
    }
    const { orders, windows } = this.#options;
    const [outcome] = await orders.record([reservation], windows);
    return this.#settle(found, { state: "replayed", by, outcome: inWords(outcome as RecordOutcome) });
  }

  /** Gives the message up: a reservation without an answer is rejected, and its unit goes back to the gate. */
  async discard(id: string, by: string): Promise<SettleResult> {
    const found = await this.#waiting(id);
    if ("kind" in found) return found;
    const reservation = decodeReservation(found.body) ?? salvageReservation(found.body).reservation;
    return this.#settle(found, { state: "discarded", by, outcome: await this.#giveUp(reservation) });
  }

  async #giveUp(reservation: ReturnType<typeof salvageReservation>["reservation"]): Promise<string> {
    if (reservation === undefined) return "nothing to do: the message names no reservation";
    const answer = await this.#answer(reservation.reservationId);
    if (answer?.order !== undefined) return `nothing to do: the reservation has an order (${answer.order.state})`;
    if (answer?.rejection !== undefined) return `nothing to do: it was rejected before (${answer.rejection})`;
    const [outcome] = await this.#options.orders.reject([reservation], "discarded");
    return inWords(outcome as RecordOutcome);
  }

  async #waiting(id: string): Promise<DeadLetter | SettleResult> {
    const letter = await this.#options.letters.read(id);
    if (letter === undefined) return { kind: "not_found" };
    return letter.state === "waiting" ? letter : { kind: "already", letter };
  }

  async #settle(
    { id, reservationId }: DeadLetter,
    settlement: Parameters<LedgerDeadLetters["settle"]>[1],
  ): Promise<SettleResult> {
    const { letters, logger } = this.#options;
    if (!(await letters.settle(id, settlement))) {
      const letter = await letters.read(id);
      return letter === undefined ? { kind: "not_found" } : { kind: "already", letter };
    }
    const { state, by, outcome } = settlement;
    logger.info(`a dead letter was ${state}`, { id, reservationId, by, outcome });
    return { kind: "done", outcome };
  }

  async #answer(reservationId: string) {
    return (await this.#options.orders.readAnswers([reservationId])).get(reservationId);
  }
}

function inWords(outcome: RecordOutcome): string {
  if (outcome.kind === "recorded") return "the reservation was recorded: its buyer has won";
  if (outcome.kind === "duplicate") return "the reservation had been recorded before";
  return `the reservation was rejected (${outcome.reason}), and its buyer is told so`;
}
