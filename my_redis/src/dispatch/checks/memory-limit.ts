import { Eviction, type EvictionOutcome, type EvictionPolicy, evictionPolicy } from "../../keyspace/eviction.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import type { Server } from "../../server.ts";
import type { Command } from "../command.ts";
import type { Context } from "../context.ts";
import type { Policy } from "./policies.ts";
import { runsAtOnce } from "../processor.ts";

export const outOfMemoryError = "OOM command not allowed when used memory > 'maxmemory'.";

const directives = [
  "maxmemory",
  "maxmemory-policy",
  "maxmemory-samples",
  "maxmemory-eviction-tenacity",
  "lfu-log-factor",
  "lfu-decay-time",
] as const;

/**
 * maxmemory: before a client's command runs, keys are evicted until the data is within its limit; where that cannot be
 * had, commands that may need more memory are refused. Without a limit this costs nothing: the policy is among the
 * server's only while there is one.
 */
export class MemoryLimit {
  /** When the client's command began, the data was above its limit, and nothing could be evicted any more. */
  exceeded = false;
  readonly #server: Server;
  readonly #eviction: Eviction;
  #limitBytes = 0;
  #evictionPolicy: EvictionPolicy = evictionPolicy("noeviction");
  #samples = 0;
  /** The last eviction ran out of time: there is more to do. */
  #isBehind = false;
  /** How long one command may be held up. */
  #budgetMs = 0;
  #pastExcessMs = 0;
  /** Since when the data is above its limit, by the monotonic clock. */
  #excessSinceMs: number | undefined;

  constructor(server: Server) {
    this.#server = server;
    this.#eviction = new Eviction(server.keyspace);
    // A transaction is judged when its EXEC comes, a script by how things were when it began.
    server.arrivalPolicies.add(this.#policy);
    server.dataPolicies.add(this.#policy);
    for (const name of directives) server.settings.onChange(name, () => this.#read());
    this.#read();
  }

  #read(): void {
    const { keyspace, policies, settings } = this.#server;
    const { values } = settings;
    keyspace.accessClock.countsAccesses = values["maxmemory-policy"].endsWith("-lfu");
    keyspace.accessClock.logFactor = values["lfu-log-factor"];
    keyspace.accessClock.decayMinutes = values["lfu-decay-time"];
    this.#evictionPolicy = evictionPolicy(values["maxmemory-policy"]);
    this.#samples = values["maxmemory-samples"];
    this.#budgetMs = budgetMs(values["maxmemory-eviction-tenacity"]);
    this.#limitBytes = values.maxmemory;
    keyspace.heap.limitBytes = values.maxmemory === 0 ? Number.POSITIVE_INFINITY : values.maxmemory;
    const at = policies.indexOf(this.#policy);
    if (this.#limitBytes > 0 && at < 0) policies.push(this.#policy);
    if (this.#limitBytes === 0 && at >= 0) policies.splice(at, 1);
    this.exceeded = false;
    // Whoever lowered the limit is answered at once, and the rest is background work.
    this.#isBehind = this.#isAbove;
    if (!this.#isBehind) this.#endExcess();
  }

  get #isAbove(): boolean {
    return this.#limitBytes > 0 && this.#server.keyspace.usedBytes > this.#limitBytes;
  }

  /** Whether there is eviction for the background to do. */
  get hasWork(): boolean {
    return this.#isBehind && this.#mayEvict;
  }

  /** The data stands still while clients are paused, and no one but a script changes it until that has ended. */
  get #mayEvict(): boolean {
    const { busyScript, loading, pause } = this.#server;
    return !busyScript && !loading && pause.mode === undefined;
  }

  readonly #policy: Policy = (context, command, args) => {
    const { kind } = context.client;
    if ((kind !== "normal" && kind !== "relayed") || !this.#mayEvict) return undefined;
    this.exceeded = this.#isAbove && this.evict(this.#budgetMs) === "exhausted";
    if (!this.exceeded) {
      if (this.#excessSinceMs !== undefined && !this.#isAbove) this.#endExcess();
      return undefined;
    }
    return mayNeedMemory(context, command, args) ? outOfMemoryError : undefined;
  };

  /** Evicts for so long at most. */
  evict(forMs: number): EvictionOutcome {
    const { environment, latency, nowMs, pubSub } = this.#server;
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
    latency.note("eviction-cycle", environment.monotonicMs() - startMs, nowMs);
    return outcome;
  }

  #endExcess(): void {
    this.#pastExcessMs += this.currentExcessMs;
    this.#excessSinceMs = undefined;
  }

  /** For how long the data has been above its limit, since the last time that it was not. */
  get currentExcessMs(): number {
    return this.#excessSinceMs === undefined ? 0 : this.#server.environment.monotonicMs() - this.#excessSinceMs;
  }

  /** For how long it has been in all. */
  get totalExcessMs(): number {
    return this.#pastExcessMs + this.currentExcessMs;
  }

  resetStatistics(): void {
    this.#pastExcessMs = 0;
    if (this.#excessSinceMs !== undefined) this.#excessSinceMs = this.#server.environment.monotonicMs();
  }
}

/** What a client holds in a transaction takes memory, too, whatever the commands are. */
function mayNeedMemory(context: Context, command: Command, args: Arguments): boolean {
  if (isDenied(context, command, args)) return true;
  const { transaction } = context.client;
  if (transaction === undefined) return false;
  if (command.name !== "EXEC") return !runsAtOnce(command);
  return transaction.queued.some((queued) => isDenied(context, queued.command, queued.args));
}

const isDenied = (context: Context, command: Command, args: Arguments): boolean =>
  command.flagSet.has("denyoom") || command.needsMemory?.(context, args) === true;

/** maxmemory-eviction-tenacity as time: up to 10 in even steps to half a millisecond, then each step 15% longer. */
function budgetMs(tenacity: number): number {
  if (tenacity === 100) return Number.POSITIVE_INFINITY;
  return tenacity <= 10 ? tenacity * 0.05 : 0.5 * 1.15 ** (tenacity - 10);
}
