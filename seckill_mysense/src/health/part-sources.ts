import type { HealthPart } from "./health-board.ts";

/** A part that nobody watches: for tests and for programs that end soon. */
export const unwatchedPart: HealthPart = { ok() {}, degraded() {}, down() {} };

/**
 * One part with several sources of news, such as two connections to one broker, or the relay's lanes. The part is well
 * again when the last of the failing sources is, so that one outage is one line of the log and not one for each source.
 */
export class PartSources {
  readonly #part: HealthPart;
  /** The reason of each source that fails now. */
  readonly #failing = new Map<string, string>();

  constructor(part: HealthPart) {
    this.#part = part;
  }

  failed(source: string, reason: string): void {
    this.#failing.set(source, reason);
    this.#part.down(reason);
  }

  /** Also for a source that has ended, and will bring no more news. */
  well(source: string): void {
    this.#failing.delete(source);
    const [reason] = this.#failing.values();
    if (reason === undefined) this.#part.ok();
    else this.#part.down(reason);
  }
}
