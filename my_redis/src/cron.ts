import { effortLimits } from "./keyspace/active-expiry.ts";
import { GarbageWatch } from "./garbage-watch.ts";
import type { MemoryLimit } from "./dispatch/checks/memory-limit.ts";
import type { Services } from "./dispatch/context.ts";

/** Duration of one slice of background work, and of the pause after it. A client waits for one slice at most. */
const sliceMs = 1;
const pauseMs = 1;
/** Slots of an index that are moved before the clock is read again. */
const slotsPerLook = 256;
const secondMs = 1000;
const maxTimerMs = 2_147_483_647;

/** The work of the cron besides the server itself. */
export interface CronWork {
  /** Sends replies and writes the log for what was done outside of clients' requests. */
  finishTurn(): void;
  /** Once a second: disconnects clients that are idle for too long, or have too much unread output. */
  checkClients(): void;
  /** Several times a second: begins the snapshots and log rewrites that are due. */
  tickStorage(): void;
  /** Several times a second: what replicas need. */
  tickReplication(): void;
}

/** The server with the full memory limit, because the cron evicts in the background. */
export type CronServer = Omit<Services, "memoryLimit"> & {
  readonly memoryLimit: Pick<MemoryLimit, "evict" | "hasWork">;
};

/**
 * Background work: expires keys, frees large values and grows indexes step by step, ends blocking commands at their
 * timeouts, and disconnects idle clients. No timer keeps the process alive.
 */
export class Cron {
  readonly #server: CronServer;
  readonly #work: CronWork;
  readonly #garbage: GarbageWatch;
  #tickTimer: ReturnType<typeof setInterval> | undefined;
  #sliceTimer: ReturnType<typeof setTimeout> | undefined;
  #deadlineTimer: ReturnType<typeof setTimeout> | undefined;
  #endWatching: () => void = () => {};
  #deadlineMs = Number.POSITIVE_INFINITY;
  #lastSecondMs = 0;
  /** The last search for expired keys ran out of time, so there may be more. */
  #expiryBehind = false;

  constructor(server: CronServer, work: CronWork) {
    this.#server = server;
    this.#work = work;
    this.#garbage = new GarbageWatch(server);
  }

  start(): void {
    const { settings, blocking } = this.#server;
    settings.onChange("hz", () => this.#schedule());
    this.#endWatching = blocking.watchDeadlines((deadlineMs) => this.#watchDeadline(deadlineMs));
    this.#schedule();
  }

  stop(): void {
    this.#endWatching();
    clearInterval(this.#tickTimer);
    clearTimeout(this.#sliceTimer);
    clearTimeout(this.#deadlineTimer);
  }

  #schedule(): void {
    clearInterval(this.#tickTimer);
    this.#tickTimer = setInterval(() => this.tick(), secondMs / this.#server.settings.values.hz);
    this.#tickTimer.unref();
  }

  /** One round of all work. */
  tick(): void {
    const server = this.#server;
    const { blocking, clock, observers } = server;
    clock.update();
    const monotonicMs = server.environment.monotonicMs();
    observers.throughput.sample(observers.statistics, monotonicMs);
    this.#expireKeys();
    blocking.expire(clock.monotonicMs);
    blocking.serve();
    if (monotonicMs - this.#lastSecondMs >= secondMs) {
      this.#lastSecondMs = monotonicMs;
      this.#work.checkClients();
    }
    this.#work.tickStorage();
    this.#work.tickReplication();
    if (this.#hasBackgroundWork()) this.#workInBackground();
    this.#work.finishTurn();
    this.#garbage.tick(monotonicMs);
  }

  /**
   * Runs for one slice, and leaves the rest to the background. Redis takes a quarter of the time between two ticks at
   * once.
   */
  #expireKeys(): void {
    const { activeExpiry, clock, environment, execution, observers, pause, settings } = this.#server;
    const { statistics } = observers;
    const { nowMs } = clock;
    this.#expiryBehind = false;
    // Data must not change while clients are paused, nor while a script is half done.
    if (pause.mode !== undefined || execution.scriptIsPaused || !this.#mayServe) return;
    const { hz } = settings.values;
    const effort = settings.values["active-expire-effort"];
    const startMs = environment.monotonicMs();
    const limitMs = Math.min(sliceMs, (secondMs / hz) * effortLimits(effort).timeShare);
    const spent = (): boolean => environment.monotonicMs() - startMs >= limitMs;
    const { looked, expired, timedOut } = activeExpiry.run({ effort, nowMs, spent });
    const elapsedMs = environment.monotonicMs() - startMs;
    statistics.expiryMs += elapsedMs;
    if (timedOut) statistics.expiryTimeouts++;
    this.#expiryBehind = timedOut;
    // A slowly moving average, so that a single pass has little effect.
    const share = looked === 0 ? 0 : expired / looked;
    statistics.expiredShare = statistics.expiredShare * 0.95 + share * 0.05;
    if (expired > 0) observers.latency.note("expire-cycle", elapsedMs, nowMs);
  }

  /** A primary of a ring that may not serve at present changes nothing: what it told of that could not be released. */
  get #mayServe(): boolean {
    const { cluster, execution } = this.#server;
    return execution.followsPrimary || cluster?.seat?.mayServe !== false;
  }

  #hasBackgroundWork(): boolean {
    const { keyspace, memoryLimit, settings } = this.#server;
    if (keyspace.pendingReleases > 0 || this.#expiryBehind || memoryLimit.hasWork) return true;
    if (!settings.values.activerehashing) return false;
    return keyspace.databases.some((database) => database.indexes.some(({ resizing }) => resizing));
  }

  /** Works in slices until nothing is left to do. */
  #workInBackground(): void {
    if (this.#sliceTimer !== undefined) return;
    const slice = (): void => {
      this.#sliceTimer = undefined;
      this.#slice();
      if (this.#hasBackgroundWork()) this.#workInBackground();
    };
    this.#sliceTimer = setTimeout(slice, pauseMs);
    this.#sliceTimer.unref();
  }

  #slice(): void {
    const { environment, keyspace, settings } = this.#server;
    if (this.#expiryBehind) this.#expireInBackground();
    if (this.#server.memoryLimit.hasWork) this.#evictInBackground();
    const startMs = environment.monotonicMs();
    const spent = (): boolean => environment.monotonicMs() - startMs >= sliceMs;
    keyspace.releaseSome(spent);
    if (!settings.values.activerehashing) return;
    for (const database of keyspace.databases) {
      for (const index of database.indexes) {
        while (index.resizing && !spent()) index.migrate(slotsPerLook);
      }
    }
  }

  #expireInBackground(): void {
    this.#server.clock.update();
    this.#expireKeys();
    this.#server.blocking.serve();
    this.#work.finishTurn();
  }

  #evictInBackground(): void {
    if (!this.#mayServe) return;
    this.#server.clock.update();
    this.#server.memoryLimit.evict(sliceMs);
    this.#work.finishTurn();
  }

  /** A client began to wait with a timeout: the timer is set to the earliest timeout. */
  #watchDeadline(deadlineMs: number): void {
    if (deadlineMs >= this.#deadlineMs) return;
    clearTimeout(this.#deadlineTimer);
    this.#deadlineMs = deadlineMs;
    if (deadlineMs === Number.POSITIVE_INFINITY) return;
    const leftMs = Math.ceil(deadlineMs - this.#server.environment.monotonicMs());
    this.#deadlineTimer = setTimeout(() => this.#deadlinePassed(), Math.min(Math.max(leftMs, 1), maxTimerMs));
    this.#deadlineTimer.unref();
  }

  #deadlinePassed(): void {
    const { blocking, clock } = this.#server;
    clock.update();
    blocking.expire(clock.monotonicMs);
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    this.#watchDeadline(blocking.nextDeadlineMs);
    this.#work.finishTurn();
  }
}
