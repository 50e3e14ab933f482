import type { Logger } from "../logging/logger.ts";

/** `degraded`: it works, but something is late or missing. `down`: it does not work. */
export type PartStatus = "ok" | "degraded" | "down";

/** One part of the system, such as the ledger or the relays, as this process sees it and as /readyz shows it. */
export interface PartHealth {
  readonly name: string;
  readonly status: PartStatus;
  /** When the part took this status: ISO 8601, UTC. */
  readonly since: string;
  /** Why it is not ok, in words. Undefined when it is ok. */
  readonly reason?: string;
}

/** `unready`: an essential part is down. `degraded`: any other part is not ok. */
export type Readiness = "ready" | "degraded" | "unready";

/** Takes the news of one part. Only a change of the status is logged, so callers may report at every attempt. */
export interface HealthPart {
  ok(): void;
  degraded(reason: string): void;
  down(reason: string): void;
}

export interface PartOptions {
  /** Whether this process cannot do its work while the part is down. */
  readonly essential?: boolean;
  /** Where the part is, without secrets: for the log. */
  readonly address?: string;
}

export interface HealthBoardOptions {
  readonly logger: Logger;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/**
 * The state of all parts that a process depends on. An outage is one line of the log when it begins and one when it
 * ends, however often it is reported.
 */
export class HealthBoard {
  readonly #options: HealthBoardOptions;
  readonly #parts = new Map<string, WatchedPart>();

  constructor(options: HealthBoardOptions) {
    this.#options = options;
  }

  /** The part of this name, added where it is new. Until its first report it counts as down, and nothing is logged. */
  part(name: string, options: PartOptions = {}): HealthPart {
    let part = this.#parts.get(name);
    if (part === undefined) this.#parts.set(name, (part = new WatchedPart(name, options, this.#options)));
    return part;
  }

  /** In the order in which they were added. */
  get parts(): readonly PartHealth[] {
    return [...this.#parts.values()].map((part) => part.health);
  }

  /** The parts whose outage was reported. Those that were not reached for the first time yet are left out. */
  get outages(): readonly PartHealth[] {
    return [...this.#parts.values()].filter((part) => part.isOut).map((part) => part.health);
  }

  /** Unix milliseconds of each part's last good news; parts without any are left out. */
  get lastSuccessesMs(): Readonly<Record<string, number>> {
    const known = [...this.#parts].flatMap(([name, { lastOkMs }]) =>
      lastOkMs === undefined ? [] : [[name, lastOkMs]],
    );
    return Object.fromEntries(known) as Record<string, number>;
  }

  get readiness(): Readiness {
    const parts = [...this.#parts.values()];
    if (parts.some((part) => part.isEssential && part.health.status === "down")) return "unready";
    return parts.some((part) => part.health.status !== "ok") ? "degraded" : "ready";
  }
}

class WatchedPart implements HealthPart {
  readonly isEssential: boolean;
  lastOkMs: number | undefined;
  readonly #name: string;
  readonly #address: string | undefined;
  readonly #options: HealthBoardOptions;
  #status: PartStatus = "down";
  #reason = "it has not been reached yet";
  #sinceMs: number;
  /** When the running outage was logged; undefined while there is none. */
  #outageSinceMs: number | undefined;

  constructor(name: string, { essential = false, address }: PartOptions, options: HealthBoardOptions) {
    this.isEssential = essential;
    this.#name = name;
    this.#address = address;
    this.#options = options;
    this.#sinceMs = options.now();
  }

  get isOut(): boolean {
    return this.#outageSinceMs !== undefined;
  }

  get health(): PartHealth {
    const since = new Date(this.#sinceMs).toISOString();
    const known = { name: this.#name, status: this.#status, since };
    return this.#status === "ok" ? known : { ...known, reason: this.#reason };
  }

  ok(): void {
    const began = this.#outageSinceMs;
    this.#take("ok", "");
    this.lastOkMs = this.#options.now();
    if (began === undefined) return;
    this.#outageSinceMs = undefined;
    const seconds = Math.round((this.#options.now() - began) / 100) / 10;
    this.#options.logger.info("a part is well again", { part: this.#name, address: this.#address, seconds });
  }

  degraded(reason: string): void {
    this.#fail("degraded", reason);
  }

  down(reason: string): void {
    this.#fail("down", reason);
  }

  /** Later reasons of the same outage are shown, but not logged: an outage often has a different error each time. */
  #fail(status: "degraded" | "down", reason: string): void {
    const isLogged = this.#outageSinceMs !== undefined && this.#status === status;
    this.#take(status, reason);
    this.#outageSinceMs ??= this.#sinceMs;
    if (isLogged) return;
    this.#options.logger.warn(`a part is ${status}`, { part: this.#name, address: this.#address, reason });
  }

  #take(status: PartStatus, reason: string): void {
    if (this.#status !== status) this.#sinceMs = this.#options.now();
    this.#status = status;
    this.#reason = reason;
  }
}
