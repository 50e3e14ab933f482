import type { Revocations } from "../authorization/revocations.ts";
import type { HealthPart } from "../health/health-board.ts";
import type {
  LedgerRevocations,
  NewRevocations,
  Revocation,
  RevokedSession,
  UserRevocationReason,
} from "../ledger/revocations.ts";
import type { Logger } from "../logging/logger.ts";

export interface RevocationFollowerOptions {
  readonly ledger: Pick<LedgerRevocations, "since" | "revokeSession" | "revokeUser">;
  readonly revocations: Revocations;
  /** Is called after revocations have become known. */
  readonly onNews: () => void;
  readonly health: HealthPart;
  readonly logger: Logger;
  readonly now: () => number;
}

/** Revocations in one reading of the ledger. */
const pageSize = 5_000;
/** With the time that a reading takes, every gateway knows a revocation within a second. */
const readEveryMs = 250;

/**
 * Keeps a gateway's revocations as the ledger has them, and makes new ones. While the ledger cannot be read, the gateway
 * goes on with those that it knows: it would otherwise sell nothing while the ledger is away. /readyz says so.
 */
export class RevocationFollower {
  readonly #options: RevocationFollowerOptions;
  #revision = -1;
  #reading = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;
  #droppedLogged = 0;

  constructor(options: RevocationFollowerOptions) {
    this.#options = options;
  }

  /** Reads all of them, and follows the ledger until `stop`. Rejects if the first reading fails. */
  async start(): Promise<void> {
    await this.#read();
    this.#readLater();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /** Resolves once the ledger has it. This gateway knows it at once, and the others within a second. */
  async revokeSession(session: RevokedSession): Promise<void> {
    await this.#know(await this.#options.ledger.revokeSession(session));
  }

  /** The same for all sessions of a user. */
  async revokeUser(userId: string, reason: UserRevocationReason): Promise<void> {
    await this.#know(await this.#options.ledger.revokeUser(userId, reason));
  }

  /** It comes with the news, so that each is taken once and in its order. */
  async #know(own: Revocation): Promise<void> {
    await this.#read().catch(() => this.#take([own]));
  }

  /** One reading at a time: two would take the same news twice. */
  #read(): Promise<void> {
    this.#reading = this.#reading.catch(() => {}).then(() => this.#readAll());
    return this.#reading;
  }

  #readLater(): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => void this.#follow(), readEveryMs);
  }

  async #follow(): Promise<void> {
    const { health, revocations, now } = this.#options;
    try {
      await this.#read();
    } catch (error) {
      health.degraded(`sessions that others have revoked meanwhile are still accepted here: ${String(error)}`);
    }
    revocations.forgetEnded(now());
    this.#readLater();
  }

  async #readAll(): Promise<void> {
    const { ledger, health } = this.#options;
    for (let isMore = true; isMore;) {
      const { revision, revocations }: NewRevocations = await ledger.since(this.#revision, pageSize);
      this.#revision = revision;
      if (revocations.length > 0) this.#take(revocations);
      isMore = revocations.length === pageSize;
    }
    health.ok();
  }

  #take(news: NewRevocations["revocations"]): void {
    const { revocations, onNews, now } = this.#options;
    const nowMs = now();
    for (const one of news) if (one.untilMs >= nowMs) revocations.add(one);
    this.#tellDropped();
    onNews();
  }

  /** Once for each time that their number has doubled. */
  #tellDropped(): void {
    const { dropped } = this.#options.revocations;
    if (dropped < this.#droppedLogged * 2 || dropped === 0) return;
    this.#droppedLogged = dropped;
    this.#options.logger.warn("revocations were dropped: there are more than limits.revocations", { dropped });
  }
}
