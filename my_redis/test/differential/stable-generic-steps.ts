import { genericSteps } from "./arbitrary-commands.ts";
import type { Step, Word } from "./harness/index.ts";

/** With GT and LT two lifetimes that were given a millisecond apart are different, and within one they are the same. */
const comparesExpiry = (step: Step): boolean =>
  Array.isArray(step) && step.some((word: Word) => word === "GT" || word === "LT");

/** Commands on keys of any type whose replies do not hang on the millisecond in which they come. */
export const stableGenericSteps = genericSteps.map((step) => step.filter((made) => !comparesExpiry(made)));
