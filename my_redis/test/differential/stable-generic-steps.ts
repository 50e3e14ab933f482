import { genericSteps } from "./arbitrary-commands.ts";
import type { Step, Word } from "./harness/index.ts";

/**
 * Two lifetimes that were set a millisecond apart compare as different, but within one millisecond as equal. So GT and
 * LT are left out.
 */
const comparesExpiry = (step: Step): boolean =>
  Array.isArray(step) && step.some((word: Word) => word === "GT" || word === "LT");

/** Commands on keys of any type whose replies do not depend on the millisecond at which they run. */
export const stableGenericSteps = genericSteps.map((step) => step.filter((made) => !comparesExpiry(made)));
