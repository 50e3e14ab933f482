/** "not provable": no file can show it, or not this one. The detail says why. */
export type Outcome = "ok" | "failed" | "not provable";

export interface Check {
  readonly name: string;
  readonly outcome: Outcome;
  readonly detail: string;
}

export interface ReceiptResult {
  readonly number: number;
  /** Only of a receipt that holds. It means nothing if another check failed. */
  readonly place?: number;
}

export interface Report {
  /** "failed" if any check failed, also one of a document that was kept. */
  readonly verdict: "ok" | "failed";
  readonly room: string;
  readonly mode: "draw" | "queue";
  /** The hash of the rules. */
  readonly rules: string;
  readonly entries: number;
  readonly drawn: number;
  readonly checks: readonly Check[];
  /** In the order in which they were given. */
  readonly receipts: readonly ReceiptResult[];
  /** What nobody can conclude from this report. */
  readonly notProved: readonly string[];
}

/** @param problem what is wrong; undefined if nothing is */
export const checkOf = (name: string, problem: string | undefined, detail: string): Check =>
  problem === undefined ? { name, outcome: "ok", detail } : { name, outcome: "failed", detail: problem };

export const notProvable = (name: string, detail: string): Check => ({ name, outcome: "not provable", detail });
