/**
 * A directive was given a value that it cannot take. The message gives the reason, in Redis's words where Redis has a
 * message for it.
 */
export class DirectiveError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "DirectiveError";
  }
}

/** A directive's value before it is set again. */
export interface Before<Value> {
  readonly value: Value;
  /** The same file (or command line) has already set it. */
  readonly again: boolean;
}

/** How a directive's value is read, checked and shown. */
export interface ValueKind<Value> {
  /** Parses the words after the name in redis.conf, already without quotes. Throws DirectiveError. */
  parse(words: readonly string[], before: Before<Value>): Value;
  /** The value as CONFIG GET returns it. */
  print(value: Value): string;
  /** The words that stand for the value in redis.conf: one list per line. */
  lines(value: Value): string[][];
  /** The directive takes several words. Given as one text (CONFIG SET), they are split at spaces. */
  readonly manyWords: boolean;
  /** Describes a valid value. */
  readonly expects: string;
}

export interface DirectiveFacts<Value> {
  readonly default: Value;
  /** The effect of the directive, in one sentence. */
  readonly summary: string;
  /** An older or shorter name for the same directive. */
  readonly alias?: string;
  /**
   * When it may change: at any time with CONFIG SET (the default), only at the start, or with CONFIG SET where
   * enable-protected-configs allows it.
   */
  readonly change?: "any-time" | "start" | "protected";
  /** Why the directive is accepted but has no effect here. Setting it gives a warning. */
  readonly unused?: string;
  /** Why only the default is possible here. Any other value is refused, so that nobody relies on something missing. */
  readonly onlyDefault?: string;
}

export interface Directive<Value> extends DirectiveFacts<Value>, ValueKind<Value> {}

/** The type of a directive's value. */
export type ValueOf<D> = D extends Directive<infer Value> ? Value : never;

/** Makes a directive from its facts and the kind of its value. */
export function directive<Value>(facts: DirectiveFacts<Value>, kind: ValueKind<Value>): Directive<Value> {
  return { ...facts, ...kind };
}

/** The only word. Throws DirectiveError when there are none or several. */
export function onlyWord(words: readonly string[]): string {
  if (words.length !== 1) throw new DirectiveError("wrong number of arguments");
  return words[0] as string;
}
