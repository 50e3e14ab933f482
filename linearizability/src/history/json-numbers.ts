import { afterString } from "./after-string.ts";
import { isExactNumber, mayBeInexact } from "./exact-numbers.ts";
import { MalformedHistory } from "./malformed-history.ts";

/** The times of a line that are integers with so many digits that a float may not hold them. */
export interface ExactTimes {
  readonly calledAt?: bigint;
  readonly returnedAt?: bigint;
  /** Whether a float does not hold one of them. */
  readonly areRounded?: boolean;
}

const noneExact: ExactTimes = {};
const token = /["{}[\]]|[-\d][-+.\deE]*/g;

/**
 * Looks for numbers in a JSON object that a float does not hold: two different ones would be read as equal. Times may be
 * such integers.
 *
 * @throws MalformedHistory for any other
 */
export function checkNumbers(text: string, line: number): ExactTimes {
  if (!mayBeInexact.test(text)) return noneExact;
  const exact: { calledAt?: bigint; returnedAt?: bigint; areRounded?: boolean } = {};
  let [depth, name] = [0, ""];
  token.lastIndex = 0;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [word] = match;
    if (word === "{" || word === "[") depth++;
    else if (word === "}" || word === "]") depth--;
    else if (word === '"') {
      token.lastIndex = afterString(text, match.index) as number;
      if (depth === 1) name = text.slice(match.index, token.lastIndex);
    } else {
      const field: unknown = depth === 1 ? JSON.parse(name) : undefined;
      const isTime = field === "calledAt" || field === "returnedAt";
      const isInteger = isTime && /^-?\d{16,}$/.test(word);
      if (isInteger) exact[field] = BigInt(word);
      if (isExactNumber(word)) continue;
      if (!isInteger) throw inexact(word, line);
      exact.areRounded = true;
    }
  }
  return exact;
}

const inexact = (word: string, line: number): MalformedHistory =>
  new MalformedHistory(
    line,
    `the number ${word} would be read as ${Number(word)}; write it as a string, or with fewer digits`,
  );
