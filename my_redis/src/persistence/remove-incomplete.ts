import { rmSync } from "node:fs";
import type { Environment } from "../environment.ts";

/**
 * Removes a file that could not be completed. Where that is not possible either, it stays, and the log says so: what counts
 * is the error for which the file is given up.
 */
export function removeIncomplete({ report }: Pick<Environment, "report">, path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    report("warning", `the incomplete file ${path} could not be removed`, error);
  }
}
