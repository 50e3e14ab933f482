import { createHash } from "node:crypto";

const digestBytes = 20;

/**
 * A signature as Redis makes it of data: SHA-1 hashes, combined so that the order of the pieces counts (`mix`) or does
 * not (`add`). Pieces of text are taken as their bytes.
 */
export class DataDigest {
  readonly #value = new Uint8Array(digestBytes);

  /** Adds a piece whose place among the others does not matter. Added twice, it is gone. */
  add(piece: Uint8Array | string): void {
    const hash = createHash("sha1").update(piece).digest();
    for (let at = 0; at < digestBytes; at++) this.#value[at] = (this.#value[at] as number) ^ (hash[at] as number);
  }

  /** Adds a piece that counts by its place. */
  mix(piece: Uint8Array | string): void {
    this.add(piece);
    this.#value.set(createHash("sha1").update(this.#value).digest());
  }

  /** As `mix`, for a whole number of 32 bits. */
  mixNumber(number: number): void {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, number);
    this.mix(bytes);
  }

  /** The bytes themselves, to be a piece of another digest. */
  get bytes(): Uint8Array {
    return this.#value;
  }

  toString(): string {
    return Buffer.from(this.#value).toString("hex");
  }
}
