/** `problem`: it does not work, or loses what it has promised. `warning`: it works, and may surprise its operator. */
export type Level = "ok" | "warning" | "problem";

/** One thing that was looked at, in words for an operator. */
export interface Finding {
  readonly level: Level;
  /** What was looked at, such as "MySQL". */
  readonly part: string;
  readonly what: string;
  /** Why it matters; not given where all is well. */
  readonly why?: string;
  /** What to do about it. */
  readonly remedy?: string;
}

interface Advice {
  readonly why: string;
  readonly remedy: string;
}

/** Collects the findings about one part. */
export class Findings {
  readonly all: Finding[] = [];
  readonly #part: string;

  constructor(part: string) {
    this.#part = part;
  }

  ok(what: string): void {
    this.all.push({ level: "ok", part: this.#part, what });
  }

  warning(what: string, advice: Advice): void {
    this.all.push({ level: "warning", part: this.#part, what, ...advice });
  }

  problem(what: string, advice: Advice): void {
    this.all.push({ level: "problem", part: this.#part, what, ...advice });
  }
}
