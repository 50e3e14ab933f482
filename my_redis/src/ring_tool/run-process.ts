import { passwordOfEnvironment } from "./environment.ts";
import { runRingTool } from "./run-ring-tool.ts";

/** The tool as a program: it writes to this process's output, and sets its exit code. */
export async function runProcess(args: readonly string[]): Promise<void> {
  process.exitCode = await runRingTool(args, passwordOfEnvironment(), {
    out: (text) => process.stdout.write(text),
    error: (text) => process.stderr.write(text),
    isTerminal: process.stdout.isTTY,
  });
}
