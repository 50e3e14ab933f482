import { runCommandLine } from "./command-line.ts";

/** Any other end than a verdict. Without this, a runtime ends with 1, which means that a check failed. */
const brokenCode = 2;

/**
 * Runs the command line, and sets the exit code of this process.
 *
 * @param name the words that start the program, for its help
 */
export async function runProgram(args: readonly string[], name?: string): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    // The reader is gone, or the disk is full.
    stream.on("error", () => {
      process.exitCode = brokenCode;
    });
  }
  const output = {
    out: (text: string) => process.stdout.write(text),
    error: (text: string) => process.stderr.write(text),
  };
  try {
    process.exitCode = await runCommandLine(args, output, name);
  } catch (error) {
    process.exitCode = brokenCode;
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  }
}
