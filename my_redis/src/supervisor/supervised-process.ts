import { type ChildProcess, spawn } from "node:child_process";

/** How a process that is kept running is told about. */
export interface SupervisedProcessEvents {
  /** It serves. Called again after each restart. */
  ready(): void;
  /** It ended without having been asked to; it will be started again after `pauseMs`. */
  died(how: string, pauseMs: number): void;
  /** It ended for good: it was stopped, it left by SHUTDOWN, or it never got as far as to serve. */
  ended(failedToStart: boolean): void;
}

export interface SupervisedProcessOptions {
  readonly command: readonly [program: string, ...args: string[]];
  /** What the process reads from its standard input. */
  readonly input: string;
  readonly events: SupervisedProcessEvents;
  /** A clock that never goes back, in milliseconds. */
  readonly monotonicMs: () => number;
}

/** Says to a process that it has a supervisor, whose end is its own. */
export const greeting = "my-redis: supervised";
/** The answer to the greeting, once the process serves. */
export const readyMessage = "my-redis: ready";

const firstPauseMs = 100;
const maxPauseMs = 5000;
/** Who has served for this long is not one that dies again and again. */
const steadyMs = 10_000;
/** Who does not stop within this time when asked is killed. */
const stopGraceMs = 10_000;

/**
 * A process that is started again whenever it dies, with growing pauses. One that ends by itself with exit code 0 was
 * told to (SHUTDOWN), and stays away.
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

  /** Undefined while it is away. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Asks the process to end in good order, and does not start it again. `events.ended` tells when it has. */
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
    // It may be gone before it has read anything: that is told by its exit.
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
