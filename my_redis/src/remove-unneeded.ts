import { rmSync } from "node:fs";
import type { Environment } from "./environment.ts";

/**
 * Removes a file that could not be completed, or has served. Where that is not possible, it stays, and the log says so:
 * what counts is the error for which a file is given up.
 */
export function removeUnneeded({ report }: Pick<Environment, "report">, path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    report("warning", `the file ${path}, which is not needed any more, could not be removed`, error);
  }
}
