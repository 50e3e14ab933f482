/**
 * What a server process asks of the compilers of Bun. They read it from the environment when the process starts.
 *
 * A function is compiled for the last stage after so many executions (a loop counts one for each turn, a call counts 15). With the
 * runtime's own limit of 64,000, most functions that load a log or move slots are compiled just before they are needed no more,
 * and that takes longer than the work itself. With this limit a command is compiled after some 66,000 requests instead of 4,000.
 */
const options: Readonly<Record<string, string>> = { BUN_JSC_thresholdForFTLOptimizeAfterWarmUp: "1000000" };

/**
 * Runs this program anew, in the same process, if `environment`, which is that of the process, lacks one of these options. One that
 * is there already is kept. Does not return then, so it comes before anything that takes long is imported.
 */
export function startWithOptions(environment: NodeJS.ProcessEnv): void {
  const hasAll = Object.keys(options).every((name) => name in environment);
  // A parent that has a channel to this process would lose it.
  const hasChannel = process.send !== undefined;
  if (typeof Bun === "undefined" || hasAll || hasChannel || process.execve === undefined) return;
  const { argv, execArgv, execPath } = process;
  try {
    process.execve(execPath, [execPath, ...execArgv, ...argv.slice(1)], { ...options, ...environment });
  } catch (error) {
    process.stderr.write(`the server goes on without ${Object.keys(options).join(", ")}: ${String(error)}\n`);
  }
}
