import { type ChildProcess, spawn } from "node:child_process";

/** Events of a process that is kept running. */
export interface SupervisedProcessEvents {
  /** The process serves. Called again after each restart. */
  ready(): void;
  /** The process died without having been stopped; it will be started again after `pauseMs`. */
  died(how: string, pauseMs: number): void;
  /** The process ended for good: it was stopped, it ended by SHUTDOWN, or it failed before it ever served. */
  ended(failedToStart: boolean): void;
}

export interface SupervisedProcessOptions {
  readonly command: readonly [program: string, ...args: string[]];
  /** The text that the process reads from its standard input. */
  readonly input: string;
  readonly events: SupervisedProcessEvents;
  /** A monotonic clock, in milliseconds. */
  readonly monotonicMs: () => number;
  /** A process that has neither ended nor made progress for this long after SIGTERM is killed. */
  readonly stopGraceMs?: number;
}

/** Notifies a process that it has a supervisor, with which it must end. */
export const greeting = "my-redis: supervised";
/** The process's reply to the greeting, once it serves. */
export const readyMessage = "my-redis: ready";
/** The process is busy, for example with a large snapshot, and is getting on with it. */
export const progressMessage = "my-redis: progress";

const firstPauseMs = 100;
const maxPauseMs = 5000;
/** After it has served for this long, a process that dies counts as stable: the pauses begin short again. */
const steadyMs = 10_000;
const defaultStopGraceMs = 10_000;

/**
 * Starts a process again whenever it dies, with growing pauses. A process that ends with exit code 0 was asked to
 * (SHUTDOWN), and is not started again.
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

  /** Asks the process to end with SIGTERM, and does not start it again. `events.ended` is called when it has ended. */
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
    this.#killLater();
  }

  /** Kills the process after the grace time, which begins again with each sign of progress. */
  #killLater(): void {
    clearTimeout(this.#timer);
    const { stopGraceMs = defaultStopGraceMs } = this.#options;
    this.#timer = setTimeout(() => this.#child?.kill("SIGKILL"), stopGraceMs);
  }

  #start(): void {
    const [program, ...args] = this.#options.command;
    const child = spawn(program, args, { stdio: ["pipe", "inherit", "inherit", "ipc"] });
    this.#child = child;
    // The process may have died before it has read anything; its exit is handled below.
    child.stdin?.on("error", () => {});
    child.stdin?.end(this.#options.input);
    child.send(greeting, () => {});
    child.on("message", (message) => {
      if (message === readyMessage) this.#ready();
      if (message === progressMessage && this.#stopping) this.#killLater();
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
