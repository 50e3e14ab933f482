import type { Environment } from "../../environment.ts";
import type { Client } from "../client.ts";
import type { HeldRequests } from "../held-requests.ts";
import type { PauseMode, PauseSwitch } from "../ports.ts";
import { changesData } from "./changes-data.ts";
import type { RequestCheck, RequestChecks } from "./request-check.ts";

export interface ClientPauseOptions {
  readonly checks: RequestChecks;
  readonly requests: HeldRequests;
  readonly environment: Environment;
}

/** The longest delay that a timer accepts. */
const maxTimerMs = 2_147_483_647;

/**
 * CLIENT PAUSE: holds back the requests of all clients, or only those that change data, for some time. The check is
 * installed only during a pause.
 */
export class ClientPause implements PauseSwitch {
  readonly #options: ClientPauseOptions;
  #untilMs = 0;
  #mode: PauseMode | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  #uninstall: (() => void) | undefined;

  constructor(options: ClientPauseOptions) {
    this.#options = options;
  }

  get mode(): PauseMode | undefined {
    return this.#mode;
  }

  get heldCount(): number {
    return this.#options.requests.count;
  }

  pause(untilMs: number, mode: PauseMode): void {
    this.#uninstall ??= this.#options.checks.install(this.#check, "waiting");
    this.#mode = this.#mode === "all" ? "all" : mode;
    this.#untilMs = Math.max(this.#untilMs, untilMs);
    this.#schedule();
  }

  unpause(): void {
    if (this.#mode === undefined) return;
    clearTimeout(this.#timer);
    this.#mode = undefined;
    this.#untilMs = 0;
    this.#uninstall?.();
    this.#uninstall = undefined;
    // Not within the command that ends the pause, because its reply comes first.
    setImmediate(() => this.#options.requests.releaseAll());
  }

  forget(asking: { readonly client: Client }): boolean {
    return this.#options.requests.forget(asking);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const { environment } = this.#options;
    const leftMs = this.#untilMs - environment.nowMs();
    this.#timer = setTimeout(
      () => {
        if (environment.nowMs() >= this.#untilMs) this.unpause();
        else this.#schedule();
      },
      Math.min(Math.max(leftMs, 1), maxTimerMs),
    );
    this.#timer.unref();
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
