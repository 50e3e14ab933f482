/** The first place at which a text is not JSON. Lines and columns are counted from 1. */
export interface JsonPlace {
  readonly line: number;
  readonly column: number;
  /** What stands there, and what should. */
  readonly problem: string;
}

const blanks = /[ \t\n\r]*/y;
/** Characters from the blank upwards, without the quote and the backslash, which begin something. */
const text = /"(?:[ !#-[\]-\u{10ffff}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const numberOrWord = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null)(?![\w.+-])/y;

class NotJson extends Error {
  readonly offset: number;

  constructor(offset: number, expected: string) {
    super(expected);
    this.offset = offset;
  }
}

/** A file is not JSON. The message names the file, the place, and what should stand there. */
export class JsonFileError extends Error {
  override readonly name = "JsonFileError";
}

/** `file`: what the message calls it. @throws JsonFileError */
export function parseJsonFile(file: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    const place = findJsonProblem(json);
    if (place === undefined) throw error;
    const { line, column, problem } = place;
    throw new JsonFileError(`${file}, line ${line}, column ${column}: the file is not valid JSON: ${problem}`);
  }
}

/** Undefined when the whole text is JSON. */
export function findJsonProblem(json: string): JsonPlace | undefined {
  try {
    new JsonScanner(json).scan();
    return undefined;
  } catch (error) {
    if (!(error instanceof NotJson)) throw error;
    const before = json.slice(0, error.offset).split("\n");
    const found = error.offset >= json.length ? "the end of the file" : JSON.stringify(nextWord(json, error.offset));
    return {
      line: before.length,
      column: (before.at(-1) as string).length + 1,
      problem: `${error.message} was expected, but ${found} was found`,
    };
  }
}

/** What a person sees at this place: a word, or one character. */
const nextWord = (json: string, offset: number): string =>
  /^\w{1,30}|^[^]/u.exec(json.slice(offset, offset + 40))?.[0] ?? "";

/** Follows the grammar of JSON, and throws NotJson where the text leaves it. It builds no value. */
class JsonScanner {
  readonly #json: string;
  #at = 0;

  constructor(json: string) {
    this.#json = json;
  }

  scan(): void {
    this.#value();
    if (this.#at < this.#json.length) throw new NotJson(this.#at, "the end of the file");
  }

  #value(): void {
    this.#take(blanks);
    if (this.#takes("{")) this.#members("}", () => this.#member());
    else if (this.#takes("[")) this.#members("]", () => this.#value());
    else if (!this.#take(text) && !this.#take(numberOrWord)) throw new NotJson(this.#at, "a value");
    this.#take(blanks);
  }

  #members(end: string, member: () => void): void {
    this.#take(blanks);
    if (this.#takes(end)) return;
    do {
      member();
    } while (this.#takes(","));
    if (!this.#takes(end)) throw new NotJson(this.#at, `"," or "${end}"`);
  }

  #member(): void {
    this.#take(blanks);
    if (!this.#take(text)) throw new NotJson(this.#at, "a key in double quotes");
    this.#take(blanks);
    if (!this.#takes(":")) throw new NotJson(this.#at, '":"');
    this.#value();
  }

  #takes(character: string): boolean {
    if (this.#json[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const found = pattern.test(this.#json);
    if (found) this.#at = pattern.lastIndex;
    return found;
  }
}
