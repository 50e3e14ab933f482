import type { DeadLetter } from "../ledger/dead-letters.ts";
import type { SettleResult } from "../orders/dead-letters.ts";

/** A dead letter in the form of the command line's and the listener's JSON. */
export function describeLetter(letter: DeadLetter) {
  const { body, keptAtMs, settledAtMs, ...rest } = letter;
  return {
    ...rest,
    keptAt: new Date(keptAtMs).toISOString(),
    ...(settledAtMs !== undefined && { settledAt: new Date(settledAtMs).toISOString() }),
    /** As text where it is UTF-8, otherwise as base64. */
    ...describeBody(body),
  };
}

function describeBody(body: Uint8Array): { readonly body: string } | { readonly bodyBase64: string } {
  try {
    return { body: new TextDecoder("utf-8", { fatal: true }).decode(body) };
  } catch {
    return { bodyBase64: Buffer.from(body).toString("base64") };
  }
}

/** One sentence about the result. */
export function describeResult(result: SettleResult, id: string): string {
  if (result.kind === "done") return result.outcome;
  if (result.kind === "refused") return `it stays a dead letter: ${result.why}`;
  if (result.kind === "not_found") return `there is no dead letter ${id}`;
  const { state, settledBy, settledAtMs = 0, outcome } = result.letter;
  return `it was ${state} by ${settledBy} at ${new Date(settledAtMs).toISOString()}: ${outcome}`;
}
