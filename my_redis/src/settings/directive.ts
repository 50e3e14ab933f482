/** A directive was given a value that it cannot take. The message says why, in Redis's words where Redis has some. */
export class DirectiveError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "DirectiveError";
  }
}

/** What a directive's value was before it is given anew. */
export interface Before<Value> {
  readonly value: Value;
  /** The same file (or command line) has given it already. */
  readonly again: boolean;
}

/** How a directive's value reads, is checked and is shown. */
export interface ValueKind<Value> {
  /** The words after the name in redis.conf, already without quotes. Throws DirectiveError. */
  parse(words: readonly string[], before: Before<Value>): Value;
  /** The value as CONFIG GET answers it. */
  print(value: Value): string;
  /** The words that stand in redis.conf for the value: one list per line. */
  lines(value: Value): string[][];
  /** Takes several words; given as one text (CONFIG SET), it is split at its spaces. */
  readonly manyWords: boolean;
  /** What a right value looks like. */
  readonly expects: string;
}

export interface DirectiveFacts<Value> {
  readonly default: Value;
  /** What it does, in one sentence. */
  readonly summary: string;
  /** An older or shorter name for the same directive. */
  readonly alias?: string;
  /**
   * When it may change: at any time with CONFIG SET (the default), only at the start, or with CONFIG SET where
   * enable-protected-configs allows it.
   */
  readonly change?: "any-time" | "start" | "protected";
  /** Why the directive is taken and kept without doing anything here. Whoever sets it is warned. */
  readonly unused?: string;
  /** Why only the default is possible here. Whoever asks for more is refused: he must not believe he has it. */
  readonly onlyDefault?: string;
}

export interface Directive<Value> extends DirectiveFacts<Value>, ValueKind<Value> {}

/** The type of a directive's value. */
export type ValueOf<D> = D extends Directive<infer Value> ? Value : never;

/** Completes a directive from what is known of it and the kind of its value. */
export function directive<Value>(facts: DirectiveFacts<Value>, kind: ValueKind<Value>): Directive<Value> {
  return { ...facts, ...kind };
}

/** The only word, or an error that counts. */
export function onlyWord(words: readonly string[]): string {
  if (words.length !== 1) throw new DirectiveError("wrong number of arguments");
  return words[0] as string;
}
