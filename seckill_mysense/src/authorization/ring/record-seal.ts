import { writeUint32 } from "peer-link";

/** Bytes of a tag: half of the MAC, more than anybody can guess on one connection, which a single wrong tag ends. */
export const tagBytes = 16;
const twoTo32 = 2 ** 32;

/**
 * The seals of one side's records on one connection. A tag covers the record and its number. The number is not sent: a
 * record that was repeated, left out, moved or made by somebody else has the wrong one. The key is of this side and this
 * connection alone, so no record of another one has a right tag here.
 */
export class RecordSeal {
  readonly #keyed: Bun.CryptoHasher;
  readonly #number = new Uint8Array(8);
  #next = 0;

  constructor(key: Uint8Array) {
    this.#keyed = new Bun.CryptoHasher("sha256", key);
  }

  /** The tag of the next record, which is bytes[start, end). */
  next(bytes: Uint8Array, start: number, end: number): Uint8Array {
    writeUint32(this.#number, 0, Math.floor(this.#next / twoTo32));
    writeUint32(this.#number, 4, this.#next % twoTo32);
    this.#next++;
    return this.#keyed.copy().update(this.#number).update(bytes.subarray(start, end)).digest().subarray(0, tagBytes);
  }

  /** Whether the next record has the right tag, which stands from `end` on. Takes the same time wherever they differ. */
  isNext(bytes: Uint8Array, start: number, end: number): boolean {
    const tag = this.next(bytes, start, end);
    let difference = 0;
    for (let at = 0; at < tagBytes; at++) difference |= tag[at]! ^ bytes[end + at]!;
    return difference === 0;
  }
}
