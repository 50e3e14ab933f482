/** Counted from 1, as editors do. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

const token = {
  space: /[ \t\r\n]*/y,
  string: /"(?:[^"\\\p{Cc}]|[\u007F-\u009F]|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4}))*"/uy,
  plain: /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[Ee][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w)/y,
};

/** Thrown inside of this file alone, at the place that no JSON can have. */
class WrongAt extends Error {
  readonly offset: number;

  constructor(offset: number) {
    super(`wrong at ${offset}`);
    this.offset = offset;
  }
}

/**
 * Where a text stops being JSON (RFC 8259); undefined if it does not. The runtime's parser says what is wrong, and not
 * always where.
 */
export function placeOfJsonError(text: string): TextPlace | undefined {
  const reader = new Reader(text);
  try {
    reader.value(0);
    reader.end();
    return undefined;
  } catch (error) {
    if (!(error instanceof WrongAt)) throw error;
    const before = text.slice(0, error.offset).split("\n");
    return { line: before.length, column: before.at(-1)!.length + 1 };
  }
}

/** Deeper values end the search where they begin: a config.json has four levels. */
const maxDepth = 100;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): void {
    this.#skip("space");
    if (depth > maxDepth) throw new WrongAt(this.#at);
    if (this.#take("{")) return this.#list("}", () => this.#member(depth));
    if (this.#take("[")) return this.#list("]", () => this.value(depth + 1));
    if (!this.#skip("string") && !this.#skip("plain")) throw new WrongAt(this.#at);
    this.#skip("space");
  }

  end(): void {
    this.#skip("space");
    if (this.#at < this.#text.length) throw new WrongAt(this.#at);
  }

  #member(depth: number): void {
    if (!this.#skip("string")) throw new WrongAt(this.#at);
    this.#skip("space");
    if (!this.#take(":")) throw new WrongAt(this.#at);
    this.value(depth + 1);
  }

  #list(closing: string, entry: () => void): void {
    this.#skip("space");
    if (!this.#take(closing)) {
      do {
        this.#skip("space");
        entry();
        this.#skip("space");
      } while (this.#take(","));
      if (!this.#take(closing)) throw new WrongAt(this.#at);
    }
    this.#skip("space");
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  /** Whether there was such a token. */
  #skip(kind: keyof typeof token): boolean {
    const pattern = token[kind];
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#text) ?? [];
    this.#at += found?.length ?? 0;
    return found !== undefined;
  }
}
