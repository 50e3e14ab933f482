import type { TransactionLimits } from "../transaction/transaction-host.ts";
import type { TransactionId } from "../transaction/transaction-message.ts";
import type { SeatHost } from "./seat-host.ts";
import type { Participants, SeatName } from "./seat-message.ts";

/** A decision is sent this often to seats that have not confirmed it. After that the home sends it. */
const maxTellings = 5;
/** FORGET is sent for many writes of one home together: for so many, or after so long. */
const maxForgottenTogether = 256;
const forgetDelayMs = 50;

/** A coordinator tells the participants that a write goes forward, and the home that all of them have carried it out. */
export class SeatTelling {
  readonly #host: SeatHost;
  readonly #limits: TransactionLimits;
  readonly #ended = new Map<SeatName, TransactionId[]>();

  constructor(host: SeatHost, limits: TransactionLimits) {
    this.#host = host;
    this.#limits = limits;
  }

  begin(id: TransactionId, participants: Participants): void {
    this.#tell(id, participants[0], new Set(participants), 1);
  }

  #tell(id: TransactionId, home: SeatName, missing: Set<SeatName>, telling: number): void {
    for (const seat of [...missing]) {
      this.#host.ask({ type: "end", seat, id, outcome: "forward" }, (answer) => {
        if (answer?.type === "done" && missing.delete(seat) && missing.size === 0) this.#forget(id, home);
      });
    }
    this.#host.schedule(this.#limits.phaseTimeoutMs, () => {
      if (missing.size > 0 && telling < maxTellings) this.#tell(id, home, missing, telling + 1);
    });
  }

  /** Nothing waits for FORGET, so many writes are forgotten with one message. */
  #forget(id: TransactionId, seat: SeatName): void {
    const ids = this.#ended.get(seat) ?? [];
    this.#ended.set(seat, ids);
    ids.push(id);
    if (ids.length === 1) this.#host.schedule(forgetDelayMs, () => this.#send(seat));
    else if (ids.length === maxForgottenTogether) this.#send(seat);
  }

  #send(seat: SeatName): void {
    const ids = this.#ended.get(seat);
    if (ids === undefined) return;
    this.#ended.delete(seat);
    this.#host.ask({ type: "forget", seat, ids }, () => {});
  }
}
