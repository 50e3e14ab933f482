import { readdirSync, readlinkSync } from "node:fs";

/**
 * What a server process asks of the compilers of Bun. They read it from the environment when the process starts.
 *
 * A function is compiled for the last stage after so many executions (a loop counts one for each turn, a call counts 15). With the
 * runtime's own limit of 64,000, most functions that load a log or move slots are compiled just before they are needed no more,
 * and that takes longer than the work itself. With this limit a command is compiled after some 66,000 requests instead of 4,000.
 */
const options: Readonly<Record<string, string>> = { BUN_JSC_thresholdForFTLOptimizeAfterWarmUp: "1000000" };

/** For processes that this one starts: they get the options at once. What the environment has already is kept. */
export const withOptions = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({ ...options, ...environment });

/**
 * Runs this program anew, in the same process, if `environment`, which is that of the process, lacks one of these options. One that
 * is there already is kept. Does not return then, so it comes before anything that takes long is imported.
 */
export function startWithOptions(environment: NodeJS.ProcessEnv): void {
  const hasAll = Object.keys(options).every((name) => name in environment);
  // A parent that has a channel to this process would lose it.
  const hasChannel = process.send !== undefined;
  if (typeof Bun === "undefined" || hasAll || hasChannel || process.execve === undefined || !mayLoseFiles()) return;
  const { execPath } = process;
  try {
    process.execve(execPath, [execPath, ...wordsOfProcess()], withOptions(environment));
  } catch (error) {
    process.stderr.write(`the server goes on without ${Object.keys(options).join(", ")}: ${String(error)}\n`);
  }
}

/** Of the runtime itself, or without any content. */
const replaceable = /^(anon_inode:|\/dev\/(null|u?random)$|\/proc\/)/;

/**
 * The runtime closes all open files but the standard streams when a program is run anew. Others may have been given to this process
 * on purpose: a lock that ends with it, a socket, a configuration as /dev/fd/63. False where nobody can tell.
 */
function mayLoseFiles(): boolean {
  try {
    return readdirSync("/proc/self/fd").every((number) => Number(number) <= 2 || replaceable.test(targetOf(number)));
  } catch {
    return false;
  }
}

/** The file that has listed the folder is closed by now. */
function targetOf(number: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${number}`);
  } catch {
    return "/proc/";
  }
}

/** The words behind the name of the runtime: its own options, the program, and the program's words. */
function wordsOfProcess(): string[] {
  const { argv, execArgv } = process;
  // The program is a part of the executable file: it is not named.
  const isSingleFile = argv[1]?.startsWith("/$bunfs/") === true;
  return [...withoutFolder(execArgv), ...argv.slice(isSingleFile ? 2 : 1)];
}

/** The process is in this folder already, and a relative one would be looked for there. */
function withoutFolder(words: readonly string[]): string[] {
  return words.filter((word, index) => !/^--cwd(=|$)/.test(word) && words[index - 1] !== "--cwd");
}
