import type { ProductRecord } from "../domain/sale.ts";
import { type Gate, sellsIn } from "../gate/gate.ts";
import type { LedgerChanges } from "../ledger/changes.ts";
import { pause } from "../time/pause.ts";
import type { CatalogueProduct } from "./catalogue-product.ts";

export interface BucketState {
  readonly entry: CatalogueProduct;
  /** Units that anybody may buy. */
  readonly available: number;
  /** Undefined if the gate did not say. */
  readonly atGate: { readonly total: number; readonly version: number } | undefined;
  /** Whether somebody waits for the units of this bucket. */
  readonly isWaiting: boolean;
}

/** All buckets of a product, each as its gate was when it was asked. */
export interface BucketReading {
  readonly states: readonly BucketState[];
  /** Units that anybody may buy, in all buckets. */
  readonly available: number;
  /** Whether every bucket answered, and no unit is on its way between two of them. */
  isWhole(): Promise<boolean>;
}

export interface BucketReadingsParts {
  readonly gate: Pick<Gate, "status">;
  readonly changes: Pick<LedgerChanges, "buckets">;
  /** Milliseconds of a monotonic clock. */
  readonly elapsedMs: () => number;
}

interface Readings {
  running: Promise<unknown>;
  next: Promise<BucketReading> | undefined;
  notBeforeMs: number;
  /** The rows of the ledger where they were read since the catalogue's. */
  rows: readonly ProductRecord[];
  /** The buckets' versions at the gate, as the latest reading found them. */
  versions: Versions;
}

type Versions = readonly (number | undefined)[];

/**
 * Reads all buckets of a product for everybody who asks while the reading before it runs. Nobody gets a reading that
 * began before the question: units may have come since then.
 */
export class BucketReadings {
  readonly #parts: BucketReadingsParts;
  readonly #readings = new WeakMap<readonly CatalogueProduct[], Readings>();

  constructor(parts: BucketReadingsParts) {
    this.#parts = parts;
  }

  next(buckets: readonly CatalogueProduct[]): Promise<BucketReading> {
    let readings = this.#readings.get(buckets);
    if (readings === undefined) {
      readings = { running: Promise.resolve(), next: undefined, notBeforeMs: 0, rows: [], versions: [] };
      this.#readings.set(buckets, readings);
    }
    readings.next ??= this.#begin(buckets, readings);
    return readings.next;
  }

  async #begin(buckets: readonly CatalogueProduct[], readings: Readings): Promise<BucketReading> {
    await readings.running;
    const waitMs = readings.notBeforeMs - this.#parts.elapsedMs();
    if (waitMs > 0) await pause(waitMs);
    readings.next = undefined;
    const reading = this.#read(buckets, readings);
    readings.running = reading.catch(() => {});
    return reading;
  }

  async #read(buckets: readonly CatalogueProduct[], readings: Readings): Promise<BucketReading> {
    const states = await Promise.all(buckets.map((bucket) => this.#stateOf(bucket)));
    const available = states.reduce((sum, state) => sum + state.available, 0);
    const versionsBefore = readings.versions;
    readings.versions = versionsOf(states);
    // While a crowd asks for an empty product, the gate gets one question for each millisecond.
    if (available === 0) readings.notBeforeMs = this.#parts.elapsedMs() + buckets.length;
    let isWhole: Promise<boolean> | undefined;
    return { states, available, isWhole: () => (isWhole ??= this.#isWhole(states, readings, versionsBefore)) };
  }

  async #stateOf(entry: CatalogueProduct): Promise<BucketState> {
    const { sale, product } = entry;
    const unknown = { entry, available: 0, atGate: undefined, isWaiting: false };
    // A node that did not answer the stock watch would make every buyer wait for the gate's time limit.
    if (entry.available === null) return unknown;
    const status = await this.#parts.gate.status(sale.id, product.id).catch(() => undefined);
    if (!sellsIn(status, product.epoch)) return unknown;
    // Free units are kept for those who wait for this bucket.
    const available = status.waiting ? 0 : status.available;
    const { total, version } = status;
    return { entry, available, atGate: { total, version }, isWaiting: status.waiting };
  }

  /**
   * A move keeps the sum of the ledger's totals, and the gate's sum is lower while units are on their way. The sums can
   * only be compared if the gate has the totals of the ledger's rows, in every bucket, at one and the same moment.
   * Otherwise units that have just arrived in one bucket could hide those that have just left another. The versions tell:
   * they only grow, so a bucket with the same version in two readings had it all the time between them.
   */
  async #isWhole(states: readonly BucketState[], readings: Readings, versionsBefore: Versions): Promise<boolean> {
    const versions = versionsOf(states);
    if (versions.includes(undefined)) return false;
    let rows = newest(states, readings.rows);
    if (rows.some(({ revision }, index) => versions[index]! > revision)) {
      readings.rows = await this.#parts.changes.buckets(states[0]!.entry.product.id);
      rows = newest(states, readings.rows);
    }
    const missing = states.reduce((sum, { atGate }, index) => sum + rows[index]!.total - atGate!.total, 0);
    const isUpToDate = rows.every(({ revision }, index) => versions[index] === revision);
    if (missing > 0 || !isUpToDate) return false;
    if (areEqual(versions, versionsBefore)) return true;
    return areEqual(versions, versionsOf(await Promise.all(states.map(({ entry }) => this.#stateOf(entry)))));
  }
}

const versionsOf = (states: readonly BucketState[]): Versions => states.map(({ atGate }) => atGate?.version);

const areEqual = (one: Versions, other: Versions): boolean => one.every((version, index) => version === other[index]);

/** The newest known row of each bucket. Rows of one reading are of one moment, so the newest ones are, too. */
function newest(states: readonly BucketState[], read: readonly ProductRecord[]): ProductRecord[] {
  return states.map(({ entry: { product } }) => {
    const row = read.find(({ id }) => id === product.id);
    return row !== undefined && row.revision > product.revision ? row : product;
  });
}
