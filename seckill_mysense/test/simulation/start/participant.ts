import type { SeededRandom } from "../../../../tools/seeded-random.ts";
import type { VirtualShop } from "./virtual-shop.ts";
import type { VirtualTime } from "./virtual-time.ts";

export interface ParticipantOptions {
  readonly time: VirtualTime;
  readonly shop: VirtualShop;
  readonly random: SeededRandom;
  readonly index: number;
  readonly startsAtMs: number;
  /** Of the room; undefined in a sale without one. */
  readonly opensAtMs: number | undefined;
}

/** From the opening of a room to the start. */
export const entryMs = 120_000;

/** Tries that the work of a registration takes on average, and a browser's time for one: decision 0100, level 2. */
const [meanTries, tryMs] = [16, 196];

/** How long a person's machine computes before it has an account. */
export function solvingMs(random: SeededRandom): number {
  return Math.ceil(Math.log(1 - random.next()) / Math.log(1 - 1 / meanTries)) * tryMs;
}

/** Log-normal: most take about as long as the median, and some several times as long. */
export function around(random: SeededRandom, medianMs: number, spread: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  return medianMs * Math.exp(spread * normal);
}
