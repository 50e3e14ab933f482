import { readFileSync, writeFileSync } from "node:fs";
import type { Environment } from "./environment.ts";
import { DirectiveError } from "./settings/directive.ts";
import type { Settings } from "./settings/settings.ts";
import { reasonOf } from "./system-error.ts";

const greatest = 1000;

/** Where Linux keeps how readily it kills this process when memory runs out. */
const scoreFile = "/proc/self/oom_score_adj";

export interface OomScoreParts {
  readonly settings: Settings;
  readonly report: Environment["report"];
  /** A replica has a score of its own. */
  readonly isReplica: () => boolean;
  /** The system's file, unless a test has another one. */
  readonly file?: string;
}

/** Carries out oom-score-adj and oom-score-adj-values: how readily the system kills this process when memory runs out. */
export class OomScore {
  readonly #parts: OomScoreParts;
  readonly #file: string;
  /** The score before the first change; undefined while it is untouched. */
  #base: number | undefined;
  #wasReplica: boolean;

  /** Applies the directives, and their later changes. A start goes on where the system does not allow it. */
  constructor(parts: OomScoreParts) {
    this.#parts = parts;
    this.#file = parts.file ?? scoreFile;
    this.#wasReplica = parts.isReplica();
    this.#apply();
    for (const name of ["oom-score-adj", "oom-score-adj-values"] as const) {
      parts.settings.onChange(name, () => {
        if (this.#apply() !== undefined) {
          throw new DirectiveError("Failed to apply new oom_score_adj configuration, check server logs.");
        }
      });
    }
  }

  /** To be called now and then: the server may have become a replica, or a primary. */
  tick(): void {
    const isReplica = this.#parts.isReplica();
    if (isReplica === this.#wasReplica) return;
    this.#wasReplica = isReplica;
    this.#apply();
  }

  /** Gives the error, which it has reported. */
  #apply(): unknown {
    try {
      const score = this.#wantedScore();
      if (score !== undefined) writeFileSync(this.#file, String(score));
      return undefined;
    } catch (error) {
      this.#parts.report("warning", `Unable to write oom_score_adj: ${reasonOf(error)}`);
      return error;
    }
  }

  /** Undefined where the score was never changed, and is not to be. */
  #wantedScore(): number | undefined {
    const { "oom-score-adj": mode, "oom-score-adj-values": values } = this.#parts.settings.values;
    if (mode === "no") return this.#base;
    this.#base ??= Number(readFileSync(this.#file, "latin1"));
    const [ofPrimary = 0, ofReplica = 0] = values.map(Number);
    const own = this.#parts.isReplica() ? ofReplica : ofPrimary;
    const score = mode === "absolute" ? own : this.#base + own;
    return Math.max(-greatest, Math.min(greatest, score));
  }
}
