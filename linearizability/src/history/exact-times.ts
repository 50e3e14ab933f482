import type { ExactTimes } from "./json-numbers.ts";
import { MalformedHistory } from "./malformed-history.ts";
import type { Operation } from "./operation.ts";

/** An operation with rounded times, and the exact ones where they differ. */
export interface TimedOperation {
  readonly operation: Operation;
  readonly line: number;
  readonly exact: ExactTimes;
}

/**
 * If there are times that a float does not hold, counts all times from the earliest one, so that different times stay
 * different.
 *
 * @throws MalformedHistory when they lie too far apart for that, or are not all integers
 */
export function fromEarliest(timed: readonly TimedOperation[]): Operation[] {
  if (!timed.some(({ exact }) => exact.areRounded === true)) return timed.map(({ operation }) => operation);
  const exact = timed.map(exactTimes);
  const earliest = exact.reduce((least, { calledAt }) => (calledAt < least ? calledAt : least), exact[0]!.calledAt);
  return timed.map(({ operation, line }, index) => {
    const { calledAt, returnedAt } = exact[index]!;
    if (returnedAt !== undefined && returnedAt < calledAt) {
      throw new MalformedHistory(
        line,
        `returnedAt is ${returnedAt}; it must be a number from calledAt (${calledAt}) on`,
      );
    }
    const last = returnedAt ?? calledAt;
    if (last - earliest > Number.MAX_SAFE_INTEGER) {
      throw new MalformedHistory(line, `the time ${last} is more than 2^53 - 1 after the earliest one, ${earliest}`);
    }
    const start = Number(calledAt - earliest);
    return {
      ...operation,
      calledAt: start,
      returnedAt: returnedAt === undefined ? Infinity : Number(returnedAt - earliest),
    };
  });
}

function exactTimes({ operation, line, exact }: TimedOperation): { calledAt: bigint; returnedAt: bigint | undefined } {
  const integer = (name: "calledAt" | "returnedAt"): bigint => {
    const value = operation[name];
    if (Number.isInteger(value)) return exact[name] ?? BigInt(value);
    throw new MalformedHistory(line, `${name} is ${value}; beside times above 2^53 it must be an integer`);
  };
  const isOpen = operation.outcome === "unknown";
  return { calledAt: integer("calledAt"), returnedAt: isOpen ? undefined : integer("returnedAt") };
}
