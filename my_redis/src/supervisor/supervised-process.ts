import { type ChildProcess, spawn } from "node:child_process";
import { environmentOfNodes } from "./environment.ts";

/** Events of a process that is kept running. */
export interface SupervisedProcessEvents {
  /** The process serves. Called again after each restart. */
  ready(): void;
  /** The process died without having been stopped; it will be started again after `pauseMs`. */
  died(how: string, pauseMs: number): void;
  /** The process ended for good. */
  ended(end: ProcessEnd): void;
}

/** How a process ended for good. */
export interface ProcessEnd {
  /** It failed before it ever served. */
  readonly failedToStart: boolean;
  /** Why it may not have left its data safe although it served: it had to be killed, or could not write a file. */
  readonly failure?: string;
}

export interface SupervisedProcessOptions {
  readonly command: readonly [program: string, ...args: string[]];
  /** The text that the process reads from its standard input. */
  readonly input: string;
  readonly events: SupervisedProcessEvents;
  /** A monotonic clock, in milliseconds. */
  readonly monotonicMs: () => number;
  /** A process that has neither ended nor made progress for this long after it was asked to end is killed. */
  readonly stopGraceMs?: number;
}

/** Notifies a process that it has a supervisor, with which it must end. */
export const greeting = "my-redis: supervised";
/** The process's reply to the greeting, once it serves. */
export const readyMessage = "my-redis: ready";
/** The process is busy, for example with a large snapshot, and is getting on with it. */
export const progressMessage = "my-redis: progress";
/**
 * Asks a process that serves to end. Unlike at SIGTERM it ends although it cannot write its last snapshot, since it would
 * be killed otherwise.
 */
export const endMessage = "my-redis: end";
/** The reason follows for which the process could not end as it should, although it is about to end. */
export const failureMessage = "my-redis: failure ";

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
  /** What the running process has said about its own end. */
  #failure: string | undefined;
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

  /** Asks the process to end, and does not start it again. `events.ended` is called when it has ended. */
  stop(): void {
    if (this.#stopping || this.#ended) return;
    this.#stopping = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child === undefined) {
      this.#end({ failedToStart: false });
      return;
    }
    // A process that does not serve yet reads no messages.
    if (this.#readyAtMs === undefined) child.kill("SIGTERM");
    else child.send(endMessage, (error) => error !== null && child.kill("SIGTERM"));
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
    const child = spawn(program, args, {
      stdio: ["pipe", "inherit", "inherit", "ipc"],
      env: environmentOfNodes(),
    });
    this.#child = child;
    // The process may have died before it has read anything; its exit is handled below.
    child.stdin?.on("error", () => {});
    child.stdin?.end(this.#options.input);
    child.send(greeting, () => {});
    this.#failure = undefined;
    child.on("message", (message) => this.#told(message));
    child.once("error", (error) => this.#exited(error.message, false));
    // Not at the event "exit", which may come before the last message.
    child.once("close", (code, signal) => this.#exited(signal ?? `exit code ${code}`, code === 0));
  }

  #told(message: unknown): void {
    if (message === readyMessage) this.#ready();
    else if (message === progressMessage && this.#stopping) this.#killLater();
    else if (typeof message === "string" && message.startsWith(failureMessage)) {
      this.#failure = message.slice(failureMessage.length);
    }
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
      const hasServed = this.#readyAtMs !== undefined;
      const failure = wasAsked || !hasServed ? undefined : (this.#failure ?? `it ended with ${how}`);
      this.#end({ failedToStart: !this.#stopping && !wasAsked, ...(failure !== undefined && { failure }) });
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

  #end(end: ProcessEnd): void {
    this.#ended = true;
    this.#options.events.ended(end);
  }
}
