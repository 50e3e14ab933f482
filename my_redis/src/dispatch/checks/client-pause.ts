import type { Environment } from "../../environment.ts";
import type { Client } from "../client.ts";
import type { HeldRequests } from "../held-requests.ts";
import type { PauseMode, PauseReason, PauseSwitch } from "../ports.ts";
import { changesData } from "./changes-data.ts";
import type { RequestCheck, RequestChecks } from "./request-check.ts";

export interface ClientPauseOptions {
  readonly checks: RequestChecks;
  readonly requests: HeldRequests;
  readonly environment: Pick<Environment, "monotonicMs">;
}

/** The longest delay that a timer accepts. */
const maxTimerMs = 2_147_483_647;

interface Pause {
  /** By the monotonic clock. */
  readonly untilMs: number;
  readonly mode: PauseMode;
}

/**
 * CLIENT PAUSE, and the pauses of SHUTDOWN and FAILOVER: holds back the requests of all clients, or only those that change
 * data, for some time. The check is installed only during a pause.
 */
export class ClientPause implements PauseSwitch {
  readonly #options: ClientPauseOptions;
  readonly #pauses = new Map<PauseReason, Pause>();
  #mode: PauseMode | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  #uninstall: (() => void) | undefined;

  constructor(options: ClientPauseOptions) {
    this.#options = options;
  }

  get mode(): PauseMode | undefined {
    return this.#mode;
  }

  pause(lengthMs: number, mode: PauseMode, reason: PauseReason): void {
    const untilMs = this.#options.environment.monotonicMs() + lengthMs;
    const before = this.#pauses.get(reason);
    this.#pauses.set(reason, {
      untilMs: Math.max(before?.untilMs ?? 0, untilMs),
      mode: before?.mode === "all" ? "all" : mode,
    });
    this.#update();
  }

  unpause(reason: PauseReason): void {
    if (this.#pauses.delete(reason)) this.#update();
  }

  #update(): void {
    clearTimeout(this.#timer);
    const pauses = [...this.#pauses.values()];
    if (pauses.length > 0) {
      this.#mode = pauses.some(({ mode }) => mode === "all") ? "all" : "write";
      this.#uninstall ??= this.#options.checks.install(this.#check, "waiting");
      this.#schedule(Math.min(...pauses.map(({ untilMs }) => untilMs)));
      return;
    }
    this.#mode = undefined;
    this.#uninstall?.();
    this.#uninstall = undefined;
    // Not within the command that ends the pause, because its reply comes first.
    setImmediate(() => this.#options.requests.releaseAll());
  }

  forget(asking: { readonly client: Client }): boolean {
    return this.#options.requests.forget(asking);
  }

  #schedule(nextMs: number): void {
    const leftMs = nextMs - this.#options.environment.monotonicMs();
    this.#timer = setTimeout(() => this.#endDue(), Math.min(Math.max(leftMs, 1), maxTimerMs));
    this.#timer.unref();
  }

  #endDue(): void {
    const nowMs = this.#options.environment.monotonicMs();
    for (const [reason, { untilMs }] of this.#pauses) if (untilMs <= nowMs) this.#pauses.delete(reason);
    this.#update();
  }

  readonly #check: RequestCheck<"pause"> = {
    name: "pause",
    arriving: (context, command, args) => {
      if (!context.client.isReal) return "run";
      if (this.#mode === "write" && !changesData(context, command, args)) return "run";
      return this.#options.requests.hold(context, args);
    },
  };
}
