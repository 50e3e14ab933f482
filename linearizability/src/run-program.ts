import { runCommandLine } from "./command-line.ts";

/** Any other end than a verdict or wrong use. Without this, a runtime ends with 1, which means "not linearizable". */
const brokenCode = 4;

/** Runs the command line, and sets the exit code of this process. */
export function runProgram(args: readonly string[]): void {
  for (const stream of [process.stdout, process.stderr]) {
    // The reader is gone, or the disk is full.
    stream.on("error", () => {
      process.exitCode = brokenCode;
    });
  }
  try {
    process.exitCode = runCommandLine(args, {
      out: (text) => process.stdout.write(text),
      error: (text) => process.stderr.write(text),
    });
  } catch (error) {
    process.exitCode = brokenCode;
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  }
}
