import type { Environment } from "../../environment.ts";
import { Eviction, type EvictionOutcome, type EvictionPolicy, evictionPolicy } from "../../keyspace/eviction.ts";
import type { Keyspace } from "../../keyspace/keyspace.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import type { Settings } from "../../settings/settings.ts";
import type { Command, Context } from "../context.ts";
import type { Execution } from "../execution.ts";
import type { LatencyMonitor } from "../observers/latency-monitor.ts";
import { Refusal } from "../outcome.ts";
import type { MemoryPressure, PauseSwitch } from "../ports.ts";
import type { PubSub } from "../pub-sub.ts";
import { requestsOf } from "../requests-of.ts";
import type { TurnClock } from "../turn-clock.ts";
import type { RequestCheck, RequestChecks } from "./request-check.ts";

export interface MemoryLimitOptions {
  readonly checks: RequestChecks;
  readonly clock: TurnClock;
  readonly environment: Environment;
  readonly execution: Execution;
  readonly keyspace: Keyspace;
  readonly latency: LatencyMonitor;
  readonly pause: PauseSwitch;
  readonly pubSub: PubSub;
  readonly settings: Settings;
}

export const outOfMemory = new Refusal("OOM command not allowed when used memory > 'maxmemory'.");

const directives = [
  "maxmemory",
  "maxmemory-policy",
  "maxmemory-samples",
  "maxmemory-eviction-tenacity",
  "lfu-log-factor",
  "lfu-decay-time",
  "replica-ignore-maxmemory",
] as const;

/**
 * maxmemory: before a client's command runs, keys are evicted until the data is within its limit. When nothing more can
 * be evicted, commands that may need more memory are refused. The check is installed only while there is a limit.
 */
export class MemoryLimit implements MemoryPressure {
  exceeded = false;
  readonly #options: MemoryLimitOptions;
  readonly #eviction: Eviction;
  #limitBytes = 0;
  #evictionPolicy: EvictionPolicy = evictionPolicy("noeviction");
  #samples = 0;
  /** The last eviction ran out of time, so that there is more to evict. */
  #isBehind = false;
  /** How long one command may be delayed by eviction. */
  #budgetMs = 0;
  #pastExcessMs = 0;
  /** Since when the data has been above its limit, in milliseconds of the monotonic clock. */
  #excessSinceMs: number | undefined;

  #uninstall: (() => void) | undefined;

  constructor(options: MemoryLimitOptions) {
    this.#options = options;
    this.#eviction = new Eviction(options.keyspace);
    for (const name of directives) options.settings.onChange(name, () => this.update());
    this.update();
  }

  update(): void {
    const { checks, keyspace, settings } = this.#options;
    const { values } = settings;
    keyspace.accessClock.countsAccesses = values["maxmemory-policy"].endsWith("-lfu");
    keyspace.accessClock.logFactor = values["lfu-log-factor"];
    keyspace.accessClock.decayMinutes = values["lfu-decay-time"];
    this.#evictionPolicy = evictionPolicy(values["maxmemory-policy"]);
    this.#samples = values["maxmemory-samples"];
    this.#budgetMs = budgetMs(values["maxmemory-eviction-tenacity"]);
    this.#limitBytes = values.maxmemory;
    // What the primary has accepted must find room here, so that the data stay the same.
    const isFree = values.maxmemory === 0 || this.#options.execution.followsPrimary;
    keyspace.heap.limitBytes = isFree ? Number.POSITIVE_INFINITY : values.maxmemory;
    if (this.#limitBytes > 0) {
      this.#uninstall ??= checks.install(this.#check, "data");
    } else {
      this.#uninstall?.();
      this.#uninstall = undefined;
    }
    this.exceeded = false;
    // CONFIG SET is answered at once; evicting down to a lower limit is background work.
    this.#isBehind = this.#isAbove;
    if (!this.#isBehind) this.#endExcess();
  }

  get #isAbove(): boolean {
    return this.#limitBytes > 0 && this.#options.keyspace.usedBytes > this.#limitBytes;
  }

  /** Whether the background has something to evict. */
  get hasWork(): boolean {
    return this.#isBehind && this.#mayEvict;
  }

  /**
   * Nothing is evicted while clients are paused, because the data must not change then, nor while a script is half
   * done, because only the script may change it, nor while other data is staged: see `isStaging`.
   */
  get #mayEvict(): boolean {
    const { execution, keyspace, pause } = this.#options;
    if (keyspace.isStaging) return false;
    return !execution.scriptIsPaused && !execution.isLoading && pause.mode === undefined && !this.#leavesToPrimary;
  }

  /** A replica leaves eviction to its primary. */
  get #leavesToPrimary(): boolean {
    const { execution, settings } = this.#options;
    return execution.followsPrimary && settings.values["replica-ignore-maxmemory"];
  }

  /** A transaction is judged when its EXEC arrives, and a script by the memory at its beginning. */
  readonly #check: RequestCheck<"memory"> = {
    name: "memory",
    arriving: (context, command, args) => {
      if (!context.client.isReal || !this.#mayEvict) return "run";
      this.exceeded = this.#isAbove && this.evict(this.#budgetMs) === "exhausted";
      if (!this.exceeded) {
        if (this.#excessSinceMs !== undefined && !this.#isAbove) this.#endExcess();
        return "run";
      }
      return mayNeedMemory(context, command, args) ? outOfMemory : "run";
    },
  };

  /** Evicts for at most this long. */
  evict(forMs: number): EvictionOutcome {
    const { clock, environment, latency, pubSub } = this.#options;
    const startMs = environment.monotonicMs();
    this.#excessSinceMs ??= startMs;
    const outcome = this.#eviction.run({
      policy: this.#evictionPolicy,
      samples: this.#samples,
      limitBytes: this.#limitBytes,
      spent: () => environment.monotonicMs() - startMs >= forMs,
    });
    this.#isBehind = outcome === "unfinished";
    if (outcome === "enough") this.#endExcess();
    if (pubSub.hasDeliveries) pubSub.deliver();
    latency.note("eviction-cycle", environment.monotonicMs() - startMs, clock.nowMs);
    return outcome;
  }

  #endExcess(): void {
    this.#pastExcessMs += this.currentExcessMs;
    this.#excessSinceMs = undefined;
  }

  get currentExcessMs(): number {
    return this.#excessSinceMs === undefined ? 0 : this.#options.environment.monotonicMs() - this.#excessSinceMs;
  }

  get totalExcessMs(): number {
    return this.#pastExcessMs + this.currentExcessMs;
  }

  resetStatistics(): void {
    this.#pastExcessMs = 0;
    if (this.#excessSinceMs !== undefined) this.#excessSinceMs = this.#options.environment.monotonicMs();
  }
}

/** Queueing a command takes memory, whatever the command does later. EXEC is judged by the commands that it runs. */
function mayNeedMemory(context: Context, command: Command, args: Arguments): boolean {
  const { client } = context;
  if (client.transaction !== undefined && command.insideMulti === "queue") return true;
  return requestsOf(client, command, args).some((each) => isDenied(context, each.command, each.args));
}

const isDenied = (context: Context, command: Command, args: Arguments): boolean =>
  command.flagSet.has("denyoom") || command.needsMemory?.(context, args) === true;

/** maxmemory-eviction-tenacity as time: up to 10 in even steps to half a millisecond, then each step is 15% longer. */
function budgetMs(tenacity: number): number {
  if (tenacity === 100) return Number.POSITIVE_INFINITY;
  return tenacity <= 10 ? tenacity * 0.05 : 0.5 * 1.15 ** (tenacity - 10);
}
