import { type Bundle, type BundleReason, type BundleState, partOf } from "../domain/bundle.ts";
import type { HeldParts } from "../domain/reservation.ts";
import type { LedgerBundles } from "../ledger/bundles.ts";
import { LedgerUnavailableError } from "../ledger/ledger-errors.ts";
import type { Logger } from "../logging/logger.ts";
import { settledWithin } from "../time/settled-within.ts";
import { RefusedReservations } from "./sold-out-hint.ts";

export interface BrokenBundlesOptions {
  readonly bundles: Pick<LedgerBundles, "giveUp" | "read">;
  /** How many broken bundles are remembered; 4 bytes each. */
  readonly capacity: number;
  /** Most bundles that are being given up at a time: the ledger has other work too. */
  readonly maxRunning: number;
  /** Most bundles that wait to be given up. The ledger gives up the others by itself, when their time is over. */
  readonly maxWaiting: number;
  /** How long a buyer waits for the ledger's answer, in milliseconds. The work goes on after that. */
  readonly waitMs: number;
  readonly logger: Logger;
}

/** Most bundles of one user that are looked for. */
const maxHeldBundles = 16;

/**
 * Gives bundles up in the ledger, so that the units of their parts come back at once. Nothing depends on it: a bundle
 * that nobody gives up breaks when the time for its parts is over.
 */
export class BrokenBundles {
  /** `failed`: the ledger was away, or too many waited. */
  readonly counts = { given_up: 0, complete: 0, failed: 0 };
  readonly #options: BrokenBundlesOptions;
  /** That a bundle is broken never changes. */
  readonly #known: RefusedReservations;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(options: BrokenBundlesOptions) {
    this.#options = options;
    this.#known = new RefusedReservations(options.capacity);
  }

  /** Whether this gateway remembers that the bundle is broken. */
  knows(bundleId: string): boolean {
    return this.#known.has(bundleId, 0);
  }

  /** Whether the ledger says that the bundle is broken. False as well if it does not answer in time. */
  async isBroken(bundleId: string): Promise<boolean> {
    if (this.knows(bundleId)) return true;
    const { bundles, waitMs } = this.#options;
    const record = await settledWithin(waitMs, bundles.read(bundleId));
    if (record?.state !== "broken") return false;
    this.#known.add(bundleId, 0);
    return true;
  }

  /**
   * Whether one of the parts that a user holds is one of a broken bundle. Its units are on their way back, so the user
   * may have them soon. False as well if the ledger does not answer in time.
   */
  async isAnyBroken({ parts = [] }: HeldParts): Promise<boolean> {
    const bundleIds = new Set(parts.map((id) => partOf(id)?.bundleId).filter((id) => id !== undefined));
    // Bundles break soon after they were asked for, so the latest ones are looked at.
    const answers = [...bundleIds].slice(-maxHeldBundles).map((id) => this.isBroken(id));
    return (await Promise.all(answers)).includes(true);
  }

  /** The state of the bundle after that; undefined if the ledger did not answer in time. */
  giveUp(bundle: Bundle, reason: BundleReason): Promise<BundleState | undefined> {
    return settledWithin(this.#options.waitMs, this.#giveUp(bundle, reason));
  }

  async #giveUp(bundle: Bundle, reason: BundleReason): Promise<BundleState | undefined> {
    const { bundles, maxRunning, maxWaiting, logger } = this.#options;
    if (this.#running >= maxRunning) {
      if (this.#waiting.length >= maxWaiting) {
        this.counts.failed++;
        return undefined;
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running++;
    try {
      const state = await bundles.giveUp(bundle, reason);
      this.counts[state === "complete" ? "complete" : "given_up"]++;
      if (state === "broken") this.#known.add(bundle.bundleId, 0);
      return state;
    } catch (error) {
      this.counts.failed++;
      // An outage has a line of its own in the log.
      if (!(error instanceof LedgerUnavailableError)) {
        logger.error("a bundle cannot be given up", { bundleId: bundle.bundleId, error: String(error) });
      }
      return undefined;
    } finally {
      // The place goes to the next one that waits.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}
