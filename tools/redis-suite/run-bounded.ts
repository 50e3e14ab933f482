import { startProcess } from "../test-services/index.ts";

export interface BoundedRun {
  readonly output: string;
  /** Undefined when it was ended for taking longer than it may. */
  readonly exitCode: number | undefined;
}

/** Runs a program to its end, or ends it with all its children after `timeoutMs`. */
export async function runBounded(options: {
  cmd: readonly [string, ...string[]];
  cwd?: string;
  timeoutMs: number;
}): Promise<BoundedRun> {
  const { cmd, cwd, timeoutMs } = options;
  const started = await startProcess({ cmd, ...(cwd === undefined ? {} : { cwd }), env: { TERM: "dumb" } });
  const limit = setTimeout(() => void started.stop({ timeoutMs: 1_000 }), timeoutMs);
  const { code } = await started.exited;
  clearTimeout(limit);
  return { output: `${started.stdout()}${started.stderr()}`, exitCode: code ?? undefined };
}
