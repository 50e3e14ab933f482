import { IdMap, type IdPlace, idWords } from "./id-map.ts";
import { type Count64, count64 } from "./count-64.ts";

const twoTo32 = 4294967296;

/**
 * The entries of a group that were delivered and not acknowledged, by id. Each has the number of its consumer, the time
 * of its last delivery (Unix milliseconds) and the number of its deliveries.
 */
export class PendingEntries {
  readonly map: IdMap;

  constructor(map = new IdMap(5)) {
    this.map = map;
  }

  get size(): number {
    return this.map.size;
  }

  consumerAt(place: IdPlace): number {
    return this.map.wordsOf(place)[this.map.offsetOf(place) + idWords] as number;
  }

  setConsumer(place: IdPlace, consumer: number): void {
    this.map.wordsOf(place)[this.map.offsetOf(place) + idWords] = consumer;
  }

  deliveredMs(place: IdPlace): number {
    const words = this.map.wordsOf(place);
    const at = this.map.offsetOf(place) + idWords + 1;
    return (words[at] as number) * twoTo32 + (words[at + 1] as number);
  }

  /** Sets the time of delivery; Unix milliseconds, not negative. */
  setDeliveredMs(place: IdPlace, timeMs: number): void {
    const words = this.map.wordsOf(place);
    const at = this.map.offsetOf(place) + idWords + 1;
    words[at] = Math.floor(timeMs / twoTo32);
    words[at + 1] = timeMs >>> 0;
  }

  deliveries(place: IdPlace): Count64 {
    const words = this.map.wordsOf(place);
    const at = this.map.offsetOf(place) + idWords + 3;
    const high = words[at] as number;
    if (high === 0) return words[at + 1] as number;
    return count64(BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(words[at + 1] as number)));
  }

  setDeliveries(place: IdPlace, deliveries: Count64): void {
    const words = this.map.wordsOf(place);
    const at = this.map.offsetOf(place) + idWords + 3;
    if (typeof deliveries === "number") {
      words[at] = Math.floor(deliveries / twoTo32);
      words[at + 1] = deliveries >>> 0;
    } else {
      words[at] = Number(BigInt.asUintN(32, deliveries >> 32n));
      words[at + 1] = Number(BigInt.asUintN(32, deliveries));
    }
  }
}
