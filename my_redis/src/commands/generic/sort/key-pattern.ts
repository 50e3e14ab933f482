import { hashSlot } from "../../../cluster/hash-slot.ts";
import type { Context } from "../../../dispatch/context.ts";
import * as record from "../../../memory/record.ts";
import { HashValue } from "../../../collections/hash-value.ts";
import type { ByteRange, ReusedByteRange } from "../../../memory/byte-range.ts";
import { stringBytes } from "../../../collections/string-value.ts";

const star = 42;
const hash = 35;
const openingBrace = 123;
const closingBrace = 125;
const arrow = Buffer.from("->");
const value = new HashValue();

/**
 * A pattern of BY or GET, applied to each element. It stands for a key in which the element replaces the first star
 * ("weight_*"), for a field of the hash at such a key ("object_*->name"), or in GET for the element itself ("#").
 */
export class KeyPattern {
  readonly hasStar: boolean;
  readonly #isElement: boolean;
  readonly #prefix: Uint8Array;
  readonly #suffix: Uint8Array;
  readonly #field: Uint8Array | undefined;
  #key = new Uint8Array(64);
  readonly #element: ReusedByteRange = { bytes: this.#key, start: 0, end: 0 };

  constructor(pattern: Uint8Array) {
    // Redis searches for the star and the arrow in a C string, which ends at the first zero byte.
    const text = pattern.includes(0) ? pattern.subarray(0, pattern.indexOf(0)) : pattern;
    const at = text.indexOf(star);
    this.hasStar = at >= 0;
    this.#isElement = text.length === 1 && text[0] === hash;
    this.#prefix = pattern.subarray(0, at);
    const arrowAt = Buffer.from(text.buffer, text.byteOffset, text.length).indexOf(arrow, at + 1);
    const hasField = this.hasStar && arrowAt >= 0 && arrowAt + arrow.length < text.length;
    this.#suffix = pattern.subarray(at + 1, hasField ? arrowAt : pattern.length);
    this.#field = hasField ? pattern.subarray(arrowAt + arrow.length) : undefined;
  }

  /** Whether all keys of this pattern live in this hash slot: it has no star, or a hash tag before its star. */
  staysInSlot(slot: number): boolean {
    if (!this.hasStar) return true;
    const prefix = this.#prefix;
    const open = prefix.indexOf(openingBrace);
    return open >= 0 && prefix.indexOf(closingBrace, open) > open + 1 && hashSlot(prefix, 0, prefix.length) === slot;
  }

  /**
   * The value that the pattern finds for an element; undefined when it is missing. Valid until any pattern's next call.
   */
  lookUp(context: Context, bytes: Uint8Array, start: number, end: number): ByteRange | undefined {
    if (this.#isElement) return Object.assign(this.#element, { bytes, start, end });
    if (!this.hasStar) return undefined;
    const { database, keyspace } = context;
    const { heap, statistics } = keyspace;
    const length = this.#writeKey(bytes.subarray(start, end));
    const address = database.find(this.#key, 0, length);
    if (address === 0) {
      statistics.misses++;
      keyspace.onMissed?.(database.number, this.#key, 0, length);
      return undefined;
    }
    statistics.hits++;
    keyspace.touch(address);
    const type = record.typeOf(heap, address);
    const field = this.#field;
    if (field === undefined) return type === record.valueType.string ? stringBytes(heap, address) : undefined;
    if (type !== record.valueType.hash) return undefined;
    value.attach(database, address);
    return value.isTimed && !value.expireDue() ? undefined : value.get(field, 0, field.length);
  }

  #writeKey(element: Uint8Array): number {
    const length = this.#prefix.length + element.length + this.#suffix.length;
    if (length > this.#key.length) this.#key = new Uint8Array(length * 2);
    this.#key.set(this.#prefix);
    this.#key.set(element, this.#prefix.length);
    this.#key.set(this.#suffix, this.#prefix.length + element.length);
    return length;
  }
}
