import { ElementText, elementSize, type PackedElement, previousElement } from "../../values/packed-element.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import type { ListValue } from "../../collections/list-value.ts";

const text = new ElementText();

/** A position in a list, which must not change meanwhile. */
export class ListCursor {
  #list!: ListValue;
  segment = 0;
  /** The element's offset in the bytes of the list's loaded segment. */
  at = 0;

  /**
   * Goes to the element with this index; a negative index counts from the end. Returns false when there is no such
   * element.
   */
  seek(list: ListValue, index: number): boolean {
    const size = list.size;
    if (index < 0) index += size;
    if (index < 0 || index >= size) return false;
    this.#list = list;
    if (index * 2 < size) this.#seekForward(index);
    else this.#seekBackward(size - index);
    return true;
  }

  #seekForward(index: number): void {
    let segment = 0;
    let { count } = this.#list.load(0);
    while (index >= count) {
      index -= count;
      ({ count } = this.#list.load(++segment));
    }
    this.segment = segment;
    this.#seekInSegment(index, count);
  }

  /** `back` counts from the end; 1 is the last element. */
  #seekBackward(back: number): void {
    let segment = this.#list.segmentCount - 1;
    let { count } = this.#list.load(segment);
    while (back > count) {
      back -= count;
      ({ count } = this.#list.load(--segment));
    }
    this.segment = segment;
    this.#seekInSegment(count - back, count);
  }

  #seekInSegment(index: number, count: number): void {
    const { bytes, start, end } = this.#list.segment;
    let at = index * 2 < count ? start : end;
    if (at === start) for (; index > 0; index--) at += elementSize(bytes, at);
    else for (let back = count - index; back > 0; back--) at = previousElement(bytes, at);
    this.at = at;
  }

  /** Goes to the next element. Returns false at the end. */
  next(): boolean {
    const list = this.#list;
    this.at += elementSize(list.segment.bytes, this.at);
    if (this.at < list.segment.end) return true;
    if (this.segment + 1 === list.segmentCount) return false;
    this.at = list.load(++this.segment).start;
    return true;
  }

  /** Goes to the previous element. Returns false at the start. */
  previous(): boolean {
    const list = this.#list;
    if (this.at === list.segment.start) {
      if (this.segment === 0) return false;
      this.at = list.load(--this.segment).end;
    }
    this.at = previousElement(list.segment.bytes, this.at);
    return true;
  }

  /** Goes to the next or to the previous element. */
  step(forward: boolean): boolean {
    return forward ? this.next() : this.previous();
  }

  /** The element's offset from the start of its segment, for `ListValue.insert` and similar methods. */
  get offset(): number {
    return this.at - this.#list.segment.start;
  }

  matches(element: PackedElement): boolean {
    return element.matches(this.#list.segment.bytes, this.at);
  }

  reply(reply: ReplyWriter): void {
    const { bytes, start, end } = text.read(this.#list.segment.bytes, this.at);
    reply.bulk(bytes, start, end);
  }
}

const cursor = new ListCursor();

/** Writes `count` elements, starting at one end. The list must have as many. */
export function replyFromEnd(list: ListValue, end: "head" | "tail", count: number, reply: ReplyWriter): void {
  cursor.seek(list, end === "head" ? 0 : -1);
  for (let left = count; left > 0; left--) {
    cursor.reply(reply);
    if (left > 1) cursor.step(end === "head");
  }
}
