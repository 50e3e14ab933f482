import { closeSync, existsSync, openSync, rmSync } from "node:fs";
import { reasonOf } from "./system-error.ts";

/** A file or folder that the server is to write cannot be written. The message names the directive and the reason. */
export class UnwritableError extends Error {
  constructor(what: string, cause: unknown) {
    super(`${what}: ${reasonOf(cause)}`, { cause });
    this.name = "UnwritableError";
  }
}

/**
 * Makes sure that a file can be written, before work depends on it. A file that was not there is gone again afterwards.
 * Throws UnwritableError, which begins with `what`.
 */
export function checkWritable(path: string, what: string): void {
  const existed = existsSync(path);
  try {
    closeSync(openSync(path, "a"));
    if (!existed) rmSync(path, { force: true });
  } catch (error) {
    throw new UnwritableError(what, error);
  }
}
