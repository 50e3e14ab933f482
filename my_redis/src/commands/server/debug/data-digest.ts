import { createHash } from "node:crypto";

const digestBytes = 20;

/**
 * A digest of data as Redis computes it. It combines SHA-1 hashes so that the order of the pieces counts (`mix`) or
 * does not count (`add`). Text is hashed as its bytes.
 */
export class DataDigest {
  readonly #value = new Uint8Array(digestBytes);

  /** Adds a piece independently of its position. Adding the same piece twice cancels it out. */
  add(piece: Uint8Array | string): void {
    const hash = createHash("sha1").update(piece).digest();
    for (let at = 0; at < digestBytes; at++) this.#value[at] = (this.#value[at] as number) ^ (hash[at] as number);
  }

  /** Adds a piece so that its position counts. */
  mix(piece: Uint8Array | string): void {
    this.add(piece);
    this.#value.set(createHash("sha1").update(this.#value).digest());
  }

  /** Like `mix`, for a 32-bit integer. */
  mixNumber(number: number): void {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, number);
    this.mix(bytes);
  }

  /** The digest's bytes, to be a piece of another digest. */
  get bytes(): Uint8Array {
    return this.#value;
  }

  toString(): string {
    return Buffer.from(this.#value).toString("hex");
  }
}
