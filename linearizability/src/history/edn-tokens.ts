import { afterString } from "./after-string.ts";
import { MalformedHistory, shown } from "./malformed-history.ts";

const between = /(?:[\s,]+|;[^\n]*)+/y;
/** A bracket, `#_`, a tag, a character such as `\a` or `\"`, or whatever goes on to the next delimiter. */
const token = /[()[\]{}]|#[{_]|\\[\s\S][^\s,;()[\]{}"]*|[^\s,;()[\]{}"]+/y;

/** The words of a text in EDN, without comments and white space, and the lines where they begin. */
export class EdnTokens {
  readonly #text: string;
  #at = 0;
  #lineBreaks = 0;
  /** Where the last word begins. */
  line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  /** undefined at the end. @throws MalformedHistory */
  next(): string | undefined {
    this.#pass(this.#match(between) ?? "");
    this.line = this.#lineBreaks + 1;
    if (this.#at === this.#text.length) return undefined;
    const word = this.#text[this.#at] === '"' ? this.#string() : (this.#match(token) as string);
    this.#pass(word);
    return word;
  }

  #pass(piece: string): void {
    this.#at += piece.length;
    for (let at = piece.indexOf("\n"); at >= 0; at = piece.indexOf("\n", at + 1)) this.#lineBreaks++;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#text)?.[0];
  }

  #string(): string {
    const end = afterString(this.#text, this.#at);
    if (end !== undefined) return this.#text.slice(this.#at, end);
    const start = this.#text.slice(this.#at, this.#at + 20);
    throw new MalformedHistory(this.line, `${shown(start)} is no EDN: a quote is open`);
  }
}
