import { UsageError } from "./usage-error.ts";

/** An option of a command: how it is written, what it means, and what its text becomes. */
export interface Option<Value> {
  /** What stands for the value in a help text, such as "file". Undefined for a flag, which takes no value. */
  readonly value: string | undefined;
  readonly summary: string;
  /** Every text that is allowed. Shells complete them. */
  readonly choices?: readonly string[];
  readonly isRequired?: boolean;
  /** What the command gets when the option is not given. */
  readonly absent: Value;
  /** @throws UsageError that names the text and the rule */
  read(text: string): Value;
}

/** A word of a command that is no option. */
export interface Argument<Value extends string | undefined = string | undefined> {
  readonly summary: string;
  readonly choices?: readonly string[];
  readonly isOptional?: boolean;
  /** Only a type: an argument that may be missing gives `undefined`. */
  readonly value?: Value;
}

export type OptionTable = Readonly<Record<string, Option<unknown>>>;
export type ArgumentTable = Readonly<Record<string, Argument>>;

export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Option<infer Value> ? Value : never;
};
export type ArgumentValues<Table extends ArgumentTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Argument<infer Value> ? Value : never;
};

export const word = (summary: string): Argument<string> => ({ summary });

export const optionalChoice = <Choice extends string>(
  choices: readonly Choice[],
  summary: string,
): Argument<Choice | undefined> => ({ summary, choices, isOptional: true });

export const choiceOfWords = <Choice extends string>(
  choices: readonly Choice[],
  summary: string,
): Argument<Choice> => ({
  summary,
  choices,
});

export const flag = (summary: string): Option<boolean> => ({
  value: undefined,
  summary,
  absent: false,
  read: () => true,
});

export const text = (value: string, summary: string): Option<string | undefined> =>
  parsed(value, summary, (given) => given);

/** A whole number from `least` to `most`. */
export const whole = (
  value: string,
  summary: string,
  { least, most }: { readonly least: number; readonly most: number },
): Option<number | undefined> =>
  parsed(value, summary, (given) => {
    // "1e3" and "0x10" are numbers too, but more likely slips.
    if (!/^-?\d+$/.test(given)) throw new UsageError(`${JSON.stringify(given)} is not a whole number`);
    const number = Number(given);
    if (number >= least && number <= most) return number;
    throw new UsageError(`${given} is not from ${least} to ${most}`);
  });

export function parsed<Value>(
  value: string,
  summary: string,
  read: (given: string) => Value,
): Option<Value | undefined> {
  return { value, summary, absent: undefined, read };
}

/** The first choice counts when the option is not given. */
export function choice<Choice extends string>(
  value: string,
  choices: readonly [Choice, ...Choice[]],
  summary: string,
): Option<Choice> {
  const read = (given: string): Choice => {
    const known = choices.find((one) => one === given);
    if (known !== undefined) return known;
    throw new UsageError(`it takes ${choices.join(", ")}, but got ${given}`);
  };
  return { value, summary: `${summary}; by default ${choices[0]}`, choices, absent: choices[0], read };
}

/** The command cannot be called without it. */
export const required = <Value>(option: Option<Value>): Option<Exclude<Value, undefined>> => ({
  ...(option as Option<Exclude<Value, undefined>>),
  isRequired: true,
});
