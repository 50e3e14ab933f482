/** A request that comes back after more than this part of the time has been accepted meanwhile: it has waited for its keys. */
const shortPart = 1 / 10;

/** How long nodes have sent the requests of one client back, one soon after the other, because each takes another for the owner. */
export class Disagreement {
  #sinceMs = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** Another request has come back. Whether that has gone on for longer than `patienceMs`. */
  isTooLong(nowMs: number, patienceMs: number): boolean {
    if (nowMs - this.#lastMs > patienceMs * shortPart) this.#sinceMs = nowMs;
    this.#lastMs = nowMs;
    return nowMs - this.#sinceMs > patienceMs;
  }

  /** A request was carried out. */
  end(): void {
    this.#lastMs = Number.NEGATIVE_INFINITY;
  }
}
