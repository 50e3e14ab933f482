import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";

/**
 * Reads the options of a request, one after the other.
 *
 *     const options = new OptionReader(args, 3);
 *     while (options.next()) {
 *       if (options.is("replace")) replace = true;
 *       else if (options.is("db", 1)) database = options.integer();
 *       else options.refuse();
 *     }
 */
export class OptionReader {
  readonly #args: Arguments;
  #index: number;
  #following: number;

  /** The first option is argument `first`. */
  constructor(args: Arguments, first: number) {
    this.#args = args;
    this.#index = first;
    this.#following = first;
  }

  /** Moves to the next option. Returns false at the end of the arguments. */
  next(): boolean {
    this.#index = this.#following;
    return this.#following++ < this.#args.count;
  }

  /**
   * Whether the option is this word, in any case, followed by at least this many arguments. `word` is in lower case.
   */
  is(word: string, values = 0): boolean {
    return this.#args.is(this.#index, word) && this.#args.count - this.#index > values;
  }

  /** Position of the option's word among the arguments; after the last option, the number of arguments. */
  get index(): number {
    return this.#index;
  }

  /** Position of the option's next value. A call of `is` must have checked that it exists. */
  value(): number {
    return this.#following++;
  }

  /** Skips values of the option that the caller reads by position. */
  skip(values: number): void {
    this.#following += values;
  }

  /**
   * The option's next value as an integer. Throws a CommandError with `message`, or with Redis's, when it is not one.
   */
  integer(message: string = errors.notInteger): number {
    return this.#args.integer(this.#following++, message);
  }

  /** Throws the syntax error. */
  refuse(): never {
    throw new CommandError(errors.syntax);
  }
}
