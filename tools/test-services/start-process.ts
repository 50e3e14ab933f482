import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, fstatSync, openSync, readSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { processIsFrozen } from "./process-state.ts";
import { forgetProcess, reapProcess } from "./reaper.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { waitUntil } from "./wait-until.ts";

export interface StartProcessOptions {
  /** Program and arguments; a bare program name is looked up on PATH. */
  cmd: readonly [string, ...string[]];
  /** A text or pattern in the output, or a question asked until it says true. Without it: ready once started. */
  readyWhen?: string | RegExp | ((started: StartedProcess) => boolean | Promise<boolean>);
  /** How long it may take to be ready. */
  timeoutMs?: number;
  /** Added to the environment of the current process; undefined removes a variable. */
  env?: Readonly<Record<string, string | undefined>>;
  cwd?: string;
  /** The text for its standard input, which is empty by default. */
  input?: string;
}

export interface ProcessExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface StartedProcess {
  readonly pid: number;
  /** Where the `readyWhen` pattern matched, with its groups: a port that the program printed, say. */
  readonly readyMatch: RegExpExecArray | undefined;
  /** Set as soon as the process has ended. */
  readonly exit: ProcessExit | undefined;
  readonly exited: Promise<ProcessExit>;
  /** Its output so far: at most the last `maxOutputBytes` (4 MiB). */
  stdout(): string;
  stderr(): string;
  /** Sends a signal to the process and its children. The effect of one that ends or freezes it is waited for. */
  kill(signal: NodeJS.Signals, options?: { timeoutMs?: number }): Promise<void>;
  /** Asks it to end (SIGTERM), and after `timeoutMs` makes it. Nothing happens when it has ended already. */
  stop(options?: { timeoutMs?: number }): Promise<ProcessExit>;
}

const defaultReadyTimeoutMs = 20_000;
const defaultStopTimeoutMs = 10_000;
const maxOutputBytes = 4 * 1024 * 1024;
const endingSignals: readonly NodeJS.Signals[] = ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"];

/** Starts a program and waits until it is ready. It is ended with the current process, however that ends. */
export async function startProcess(options: StartProcessOptions): Promise<StartedProcess> {
  const started = new OwnedProcess(options);
  try {
    await started.becomeReady(options);
  } catch (error) {
    await started.stop({ timeoutMs: 0 });
    throw error;
  }
  return started;
}

/** Output goes into files, not pipes: a program never blocks on a reader, and what it said outlives it. */
class OwnedProcess implements StartedProcess {
  readonly exited: Promise<ProcessExit>;
  exit: ProcessExit | undefined;
  readyMatch: RegExpExecArray | undefined;
  readonly #child: ChildProcess;
  readonly #folder = temporaryFolder("process-output");
  readonly #name: string;

  constructor({ cmd, env, cwd, input = "" }: StartProcessOptions) {
    const [program, ...args] = cmd;
    this.#name = cmd.join(" ").slice(0, 200);
    writeFileSync(join(this.#folder, "input"), input);
    const files = [this.#open("input", "r"), this.#open("stdout", "w"), this.#open("stderr", "w")];
    // Its own process group: a signal then reaches a program together with the children it started.
    this.#child = spawn(program, args, { stdio: files, detached: true, cwd, env: { ...process.env, ...env } });
    for (const file of files) closeSync(file);
    if (this.#child.pid !== undefined) reapProcess(this.#child.pid);
    this.exited = new Promise((resolve, reject) => {
      this.#child.once("error", (error) => reject(new Error(`cannot start ${this.#name}: ${error.message}`)));
      this.#child.once("exit", (code, signal) => {
        forgetProcess(this.pid);
        this.exit = { code, signal };
        resolve(this.exit);
      });
    });
    this.exited.catch(() => {});
    this.#child.unref();
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  stdout(): string {
    return readEnd(join(this.#folder, "stdout"));
  }

  stderr(): string {
    return readEnd(join(this.#folder, "stderr"));
  }

  async kill(signal: NodeJS.Signals, { timeoutMs = defaultStopTimeoutMs } = {}): Promise<void> {
    if (this.exit !== undefined || this.#child.pid === undefined) return;
    signalGroup(this.pid, signal);
    // Signals take effect when the process next runs: until then, a frozen one may still answer.
    const isFrozen = (): boolean => this.exit !== undefined || processIsFrozen(this.pid);
    if (signal === "SIGSTOP") await waitUntil(isFrozen, { what: `${this.#name} to freeze`, timeoutMs, intervalMs: 1 });
    if (!endingSignals.includes(signal)) return;
    await waitUntil(() => this.exit !== undefined, {
      what: `${this.#name} to end after ${signal}`,
      timeoutMs,
      intervalMs: 5,
    });
  }

  async stop({ timeoutMs = defaultStopTimeoutMs } = {}): Promise<ProcessExit> {
    if (this.#child.pid === undefined) return this.exited;
    if (timeoutMs > 0) {
      // A process that a test has frozen would not see SIGTERM.
      signalGroup(this.pid, "SIGCONT");
      await this.kill("SIGTERM", { timeoutMs }).catch(() => {});
    }
    await this.kill("SIGKILL");
    return this.exited;
  }

  async becomeReady({ readyWhen = () => true, timeoutMs = defaultReadyTimeoutMs }: StartProcessOptions): Promise<void> {
    if (this.#child.pid === undefined) await this.exited;
    const isReady = typeof readyWhen === "function" ? () => readyWhen(this) : () => this.#outputMatches(readyWhen);
    await waitUntil(
      async () => {
        const ended = this.exit;
        if (await isReady()) return true;
        if (ended === undefined) return false;
        throw new Error(`${this.#name} ended before it was ready (code ${ended.code}, signal ${ended.signal})`);
      },
      { what: `${this.#name} to be ready`, timeoutMs },
    ).catch((error: Error) => {
      throw new Error(`${error.message}; its output ends with:\n${this.#lastOutput()}`);
    });
  }

  #outputMatches(wanted: string | RegExp): boolean {
    const output = `${this.stdout()}\n${this.stderr()}`;
    if (typeof wanted === "string") return output.includes(wanted);
    this.readyMatch = new RegExp(wanted.source, wanted.flags.replace("g", "")).exec(output) ?? undefined;
    return this.readyMatch !== undefined;
  }

  #lastOutput(): string {
    return `${this.stdout()}${this.stderr()}`.slice(-4_000).trim() || "(nothing)";
  }

  #open(name: string, mode: string): number {
    return openSync(join(this.#folder, name), mode);
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // Ended in this very moment: its exit is on the way.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function readEnd(path: string): string {
  const file = openSync(path, "r");
  try {
    const sizeBytes = fstatSync(file).size;
    const end = Buffer.alloc(Math.min(sizeBytes, maxOutputBytes));
    const readBytes = readSync(file, end, 0, end.length, sizeBytes - end.length);
    return end.toString("utf8", 0, readBytes);
  } finally {
    closeSync(file);
  }
}
