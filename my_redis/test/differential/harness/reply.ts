/**
 * One reply as a tree that keeps every byte. Text has one character per byte. A reply whose lengths are not in their
 * shortest form is refused, so that equal trees always stand for equal bytes.
 */
export interface Reply {
  /** The RESP type: "+", "-", ":", "$", "*", and in RESP3 also "_", "#", ",", "(", "!", "=", "%", "~", ">". */
  readonly sign: string;
  /** Of a line or a bulk string; null for a nil. */
  readonly text?: string | null;
  /** Elements of an array, set or push; alternating keys and values of a map; null for a nil. */
  readonly items?: readonly Reply[] | null;
}

const lineSigns = "+-:_#,(";
const bulkSigns = "$=!";
const arraySigns = "*~>%";

/** Splits a stream of bytes into replies. */
export class ReplyParser {
  /** What has come and is not read: `#bytes` from `#at` on. It lies in `#room`, which grows by doubling. */
  #bytes = Buffer.alloc(0);
  #at = 0;
  #room = Buffer.alloc(0);

  feed(chunk: Uint8Array): void {
    const end = this.#bytes.length + chunk.length;
    if (end > this.#room.length) {
      const left = this.#bytes.subarray(this.#at);
      this.#room = Buffer.allocUnsafeSlow(2 * (left.length + chunk.length));
      this.#room.set(left);
      this.#bytes = this.#room.subarray(0, left.length);
      this.#at = 0;
    }
    this.#room.set(chunk, this.#bytes.length);
    this.#bytes = this.#room.subarray(0, this.#bytes.length + chunk.length);
  }

  /** The next complete reply; undefined when bytes are missing. Throws for bytes that are not RESP. */
  next(): Reply | undefined {
    const start = this.#at;
    const reply = this.#read();
    if (reply === undefined) this.#at = start;
    return reply;
  }

  /** The received bytes that were not read, for messages. */
  get rest(): string {
    return this.#bytes.toString("latin1", this.#at);
  }

  #read(): Reply | undefined {
    const line = this.#line();
    if (line === undefined) return undefined;
    const sign = line.slice(0, 1);
    const text = line.slice(1);
    if (lineSigns.includes(sign) && sign !== "") return { sign, text };
    const length = Number(text);
    if (!Number.isInteger(length) || length < -1 || String(length) !== text) throw malformed(line);
    if (bulkSigns.includes(sign) && sign !== "") return length < 0 ? { sign, text: null } : this.#bulk(sign, length);
    if (arraySigns.includes(sign) && sign !== "") return length < 0 ? { sign, items: null } : this.#items(sign, length);
    throw malformed(line);
  }

  #line(): string | undefined {
    const end = this.#bytes.indexOf("\r\n", this.#at, "latin1");
    if (end < 0) return undefined;
    const line = this.#bytes.toString("latin1", this.#at, end);
    this.#at = end + 2;
    return line;
  }

  #bulk(sign: string, length: number): Reply | undefined {
    const end = this.#at + length;
    if (end + 2 > this.#bytes.length) return undefined;
    const text = this.#bytes.toString("latin1", this.#at, end);
    if (this.#bytes.toString("latin1", end, end + 2) !== "\r\n") throw malformed(`${sign}${length} then ${text}`);
    this.#at = end + 2;
    return { sign, text };
  }

  #items(sign: string, length: number): Reply | undefined {
    const items: Reply[] = [];
    for (let count = sign === "%" ? length * 2 : length; count > 0; count--) {
      const item = this.#read();
      if (item === undefined) return undefined;
      items.push(item);
    }
    return { sign, items };
  }
}

const malformed = (text: string): Error => new Error(`not a RESP reply: ${JSON.stringify(text.slice(0, 200))}`);

/** The reply's bytes, one character each. */
export function encodeReply({ sign, text, items }: Reply): string {
  if (items !== undefined) {
    if (items === null) return `${sign}-1\r\n`;
    const count = sign === "%" ? items.length / 2 : items.length;
    return `${sign}${count}\r\n${items.map(encodeReply).join("")}`;
  }
  if (!bulkSigns.includes(sign)) return `${sign}${text}\r\n`;
  return text === null || text === undefined ? `${sign}-1\r\n` : `${sign}${text.length}\r\n${text}\r\n`;
}

/** The reply in readable form, on one line. */
export function showReply({ sign, text, items }: Reply): string {
  if (items === null || text === null) return `${sign}nil`;
  if (items !== undefined) return `${sign}[${items.map(showReply).join(" ")}]`;
  return bulkSigns.includes(sign) ? `${sign}${JSON.stringify(text)}` : `${sign}${text}`;
}

/** Whether our reply counts as equal to Redis's. */
export type Comparer = (ours: Reply, theirs: Reply) => boolean;
