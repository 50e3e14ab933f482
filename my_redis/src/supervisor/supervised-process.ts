import { type ChildProcess, spawn } from "node:child_process";

/** What happens to a process that is kept running. */
export interface SupervisedProcessEvents {
  /** The process serves. Called again after each restart. */
  ready(): void;
  /** The process ended without having been asked to; it is started again after `pauseMs`. */
  died(how: string, pauseMs: number): void;
  /** The process ended for good: it was stopped, it got SHUTDOWN, or it never served. */
  ended(failedToStart: boolean): void;
}

export interface SupervisedProcessOptions {
  readonly command: readonly [program: string, ...args: string[]];
  /** Text for the standard input of the process. */
  readonly input: string;
  readonly events: SupervisedProcessEvents;
  /** A clock that never goes back, in milliseconds. */
  readonly monotonicMs: () => number;
}

/** Greets a process: it has a supervisor, and must end when the supervisor does. */
export const greeting = "my-redis: supervised";
/** The answer to the greeting, once the process serves. */
export const readyMessage = "my-redis: ready";

const firstPauseMs = 100;
const maxPauseMs = 5000;
/** A process that has served for this long starts with the shortest pause again. */
const steadyMs = 10_000;
/** A process that does not stop within this time is killed. */
const stopGraceMs = 10_000;

/**
 * A process that is started again whenever it dies, with growing pauses. Exit code 0 means
 * SHUTDOWN: the process is not started again.
 */
export class SupervisedProcess {
  readonly #options: SupervisedProcessOptions;
  #child: ChildProcess | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pauseMs = firstPauseMs;
  #readyAtMs: number | undefined;
  #everReady = false;
  #stopping = false;
  #ended = false;

  constructor(options: SupervisedProcessOptions) {
    this.#options = options;
    this.#start();
  }

  /** Undefined while the process does not run. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Asks the process to end in good order, and does not start it again. `events.ended` follows. */
  stop(): void {
    if (this.#stopping || this.#ended) return;
    this.#stopping = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child === undefined) {
      this.#end(false);
      return;
    }
    child.kill("SIGTERM");
    this.#timer = setTimeout(() => child.kill("SIGKILL"), stopGraceMs);
  }

  #start(): void {
    const [program, ...args] = this.#options.command;
    const child = spawn(program, args, { stdio: ["pipe", "inherit", "inherit", "ipc"] });
    this.#child = child;
    // The process may end before it has read anything; its exit is handled elsewhere.
    child.stdin?.on("error", () => {});
    child.stdin?.end(this.#options.input);
    child.send(greeting, () => {});
    child.on("message", (message) => {
      if (message === readyMessage) this.#ready();
    });
    child.once("error", (error) => this.#exited(error.message, false));
    child.once("exit", (code, signal) => this.#exited(signal ?? `exit code ${code}`, code === 0));
  }

  #ready(): void {
    this.#everReady = true;
    this.#readyAtMs = this.#options.monotonicMs();
    this.#options.events.ready();
  }

  #exited(how: string, wasAsked: boolean): void {
    if (this.#child === undefined) return;
    this.#child = undefined;
    clearTimeout(this.#timer);
    if (this.#stopping || wasAsked || !this.#everReady) {
      this.#end(!this.#stopping && !wasAsked);
      return;
    }
    const wasSteady = this.#readyAtMs !== undefined && this.#options.monotonicMs() - this.#readyAtMs > steadyMs;
    if (wasSteady) this.#pauseMs = firstPauseMs;
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(pauseMs * 2, maxPauseMs);
    this.#readyAtMs = undefined;
    this.#timer = setTimeout(() => this.#start(), pauseMs);
    this.#options.events.died(how, pauseMs);
  }

  #end(failedToStart: boolean): void {
    this.#ended = true;
    this.#options.events.ended(failedToStart);
  }
}
