import { keyPositions, mayHaveKeys } from "../../dispatch/command-keys.ts";
import type { Command } from "../../dispatch/command.ts";
import type { Context, Services } from "../../dispatch/context.ts";
import type { RequestCheck } from "../../dispatch/checks/request-check.ts";
import { HeldRequests } from "../../dispatch/held-requests.ts";
import { type Outcome, Refusal } from "../../dispatch/outcome.ts";
import { requestsOf } from "../../dispatch/requests-of.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import type { LockedKey, LockTable } from "./lock-table.ts";

export interface LockWaitLimits {
  readonly maxWaiting: number;
  readonly maxWaitingBytes: number;
  readonly maxWaitMs: number;
}

const lockedInScript = new Refusal("TRYAGAIN A write across nodes holds a key of the script");

interface Waiting {
  readonly context: Context;
  /** The first locked key that it waits for. */
  readonly key: LockedKey;
  readonly bytes: number;
  readonly sinceMs: number;
}

interface WaitingTask {
  readonly isFree: () => boolean;
  readonly run: (free: boolean) => void;
  readonly sinceMs: number;
}

/**
 * Requests for keys that a write across nodes has locked wait until it has ended. The check is installed only while a
 * key is locked.
 */
export class LockedRequests {
  readonly #server: Services;
  readonly #locks: LockTable;
  readonly #limits: LockWaitLimits;
  readonly #requests: HeldRequests;
  readonly #waiting = new Map<Context, Waiting>();
  /** Blocked clients that would have been served but for a lock. */
  readonly #heldBack = new Set<Context>();
  #tasks: WaitingTask[] = [];
  #waitingBytes = 0;
  #uninstall: (() => void) | undefined;
  #releasing = false;
  /** The request that runs again, and since when it has waited. */
  #resumed: { readonly args: Arguments | undefined; readonly sinceMs: number } | undefined;

  constructor(server: Services, locks: LockTable, limits: LockWaitLimits) {
    this.#server = server;
    this.#locks = locks;
    this.#limits = limits;
    this.#requests = new HeldRequests(server, { countsAsBlocked: true });
  }

  get count(): number {
    return this.#waiting.size + this.#tasks.length;
  }

  /** To be called whenever keys have been locked or unlocked. */
  update(): void {
    if (this.#locks.size > 0) {
      this.#uninstall ??= this.#install();
    } else {
      this.#uninstall?.();
      this.#uninstall = undefined;
    }
  }

  #install(): () => void {
    const { blocking, checks } = this.#server;
    const uninstall = checks.install(this.#check, "waiting");
    const letAllRetry = blocking.holdBack((context) => this.#holdsBack(context));
    return () => {
      uninstall();
      letAllRetry();
    };
  }

  /** A blocked client's command concerns a locked key (the target of BLMOVE, say): the client is tried again after it. */
  #holdsBack(context: Context): boolean {
    const { blocked } = context.client;
    if (blocked === undefined) return false;
    if (this.lockedKey(blocked.command, blocked.args) === undefined) return false;
    this.#heldBack.add(context);
    return true;
  }

  #retryHeldBack(): void {
    const { blocking } = this.#server;
    const heldBack = [...this.#heldBack];
    this.#heldBack.clear();
    for (const { client } of heldBack) {
      for (const key of client.blocked?.keys ?? []) blocking.keyChanged(client.blocked?.database ?? 0, key);
    }
    if (heldBack.length > 0) blocking.serve();
  }

  /** Runs what can go on, after the turn in which keys were unlocked. */
  releaseSoon(): void {
    this.update();
    if (this.#heldBack.size > 0) this.#retryHeldBack();
    if (this.count === 0 || this.#releasing) return;
    this.#releasing = true;
    setImmediate(() => {
      this.#releasing = false;
      this.#release();
    });
  }

  #release(): void {
    for (const each of [...this.#waiting.values()]) {
      if (!this.#locks.isHeld(each.key)) this.#run(each);
    }
    const tasks = this.#tasks;
    this.#tasks = [];
    for (const task of tasks) {
      if (task.isFree()) task.run(true);
      else this.#tasks.push(task);
    }
  }

  #run(waiting: Waiting): void {
    const { context, sinceMs } = waiting;
    this.#waiting.delete(context);
    this.#waitingBytes -= waiting.bytes;
    this.#resumed = { args: this.#requests.requestOf(context), sinceMs };
    this.#requests.release(context);
  }

  /** Refuses what has waited for too long; to be called every now and then. */
  refuseOverdue(): void {
    const nowMs = this.#server.environment.monotonicMs();
    const isOver = ({ sinceMs }: { readonly sinceMs: number }): boolean => nowMs - sinceMs > this.#limits.maxWaitMs;
    for (const each of [...this.#waiting.values()]) {
      if (!isOver(each)) continue;
      this.#waiting.delete(each.context);
      this.#waitingBytes -= each.bytes;
      this.#requests.refuse(each.context, this.overdueText);
    }
    const tasks = this.#tasks;
    this.#tasks = tasks.filter((task) => !isOver(task));
    for (const task of tasks) if (isOver(task)) task.run(false);
  }

  get overdueText(): string {
    return `CLUSTERDOWN A write across nodes has held the key for more than ${this.#limits.maxWaitMs} ms`;
  }

  /** Runs something that is no client's request once its keys are free; false when that took too long. */
  whenFree(isFree: () => boolean, run: (free: boolean) => void): void {
    if (isFree()) run(true);
    else if (this.count >= this.#limits.maxWaiting) run(false);
    else this.#tasks.push({ isFree, run, sinceMs: this.#server.environment.monotonicMs() });
  }

  readonly #check: RequestCheck<"locked keys"> = {
    name: "locked keys",
    arriving: (context, command, args) => {
      const { client } = context;
      const key = this.#lockedKeyOf(context, command, args);
      if (key === undefined) return "run";
      // The replies of other nodes come first: the request is judged again after them.
      if (client.relaying?.holdUntilAnswered(args) === "held") return "held";
      return this.#hold(context, key, args);
    },
    // A transaction has been judged as a whole when its EXEC arrived.
    within: ({ client }, command, args) =>
      client.kind === "script" && this.lockedKey(command, args) !== undefined ? lockedInScript : "run",
  };

  #lockedKeyOf({ client }: Context, command: Command, args: Arguments): LockedKey | undefined {
    if (client.transaction !== undefined && command.insideMulti === "queue") return undefined;
    for (const request of requestsOf(client, command, args)) {
      const key = this.lockedKey(request.command, request.args);
      if (key !== undefined) return key;
    }
    // Whether a watched key changes may have been decided, and be visible elsewhere.
    const isExec = client.transaction !== undefined && command.insideMulti === "run the queue";
    return isExec ? client.watched.find(({ key }) => this.#locks.isHeld(key))?.key : undefined;
  }

  /** The first key of a request that is locked. */
  lockedKey(command: Command, args: Arguments): LockedKey | undefined {
    if (this.#locks.size === 0 || !mayHaveKeys(command)) return undefined;
    return keyPositions(command, args)
      .map((index) => args.latin1(index))
      .find((key) => this.#locks.isHeld(key));
  }

  #hold(context: Context, key: LockedKey, args: Arguments): Outcome {
    const bytes = args.requestEnd - args.requestStart + args.count * 8;
    const { maxWaiting, maxWaitingBytes } = this.#limits;
    if (this.count >= maxWaiting || this.#waitingBytes + bytes > maxWaitingBytes) {
      return new Refusal(
        `TRYAGAIN More than ${maxWaiting} requests or ${maxWaitingBytes} bytes wait for writes across nodes`,
      );
    }
    const resumed = this.#resumed?.args === args ? this.#resumed : undefined;
    const sinceMs = resumed?.sinceMs ?? this.#server.environment.monotonicMs();
    this.#forgetGone();
    this.#waiting.set(context, { context, key, bytes, sinceMs });
    this.#waitingBytes += bytes;
    return this.#requests.hold(context, args);
  }

  /** Forgets clients that disconnected while they waited. */
  #forgetGone(): void {
    if (this.#waiting.size < this.#limits.maxWaiting / 2) return;
    for (const [context, { bytes }] of this.#waiting) {
      if (!context.client.gone) continue;
      this.#waiting.delete(context);
      this.#requests.forget(context);
      this.#waitingBytes -= bytes;
    }
  }
}
