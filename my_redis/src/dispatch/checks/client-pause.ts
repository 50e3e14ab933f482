import type { Arguments } from "../../protocol/arguments.ts";
import type { Server } from "../../server.ts";
import type { Command } from "../command.ts";
import type { Context } from "../context.ts";
import { postponed, type Policy } from "./policies.ts";
import { PostponedRequests } from "../held-requests.ts";

export type PauseMode = "write" | "all";

/** The longest time that a timer can take. */
const maxTimerMs = 2_147_483_647;

/**
 * CLIENT PAUSE: for some time the requests of all clients, or those that change data, are held back. While nothing is
 * paused this costs nothing: the policy is among the server's only for the time of a pause.
 */
export class ClientPause {
  readonly #server: Server;
  readonly #requests: PostponedRequests;
  #untilMs = 0;
  #mode: PauseMode | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(server: Server) {
    this.#server = server;
    this.#requests = new PostponedRequests(server);
    server.arrivalPolicies.add(this.#policy);
  }

  get mode(): PauseMode | undefined {
    return this.#mode;
  }

  /** Clients whose requests are held back. */
  get heldCount(): number {
    return this.#requests.count;
  }

  /** A pause that is under way may become longer and stricter, not shorter or milder. */
  pause(untilMs: number, mode: PauseMode): void {
    const { policies } = this.#server;
    if (this.#mode === undefined) policies.push(this.#policy);
    this.#mode = this.#mode === "all" ? "all" : mode;
    this.#untilMs = Math.max(this.#untilMs, untilMs);
    this.#schedule();
  }

  /** Ends the pause and runs what was held back. */
  unpause(): void {
    if (this.#mode === undefined) return;
    clearTimeout(this.#timer);
    this.#mode = undefined;
    this.#untilMs = 0;
    const { policies } = this.#server;
    policies.splice(policies.indexOf(this.#policy), 1);
    // Not from within the command that ends the pause: its reply comes first.
    setImmediate(() => this.#requests.releaseAll());
  }

  /** A client went away. */
  forget(context: Context): void {
    this.#requests.forget(context);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const { environment } = this.#server;
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

  readonly #policy: Policy = (context, command, args) => {
    const { kind } = context.client;
    if (kind !== "normal" && kind !== "relayed") return undefined;
    if (this.#mode === "write" && !changesData(context, command, args)) return undefined;
    this.#requests.hold(context, args);
    return postponed;
  };
}

/** Whether a command may change data; EXEC if one of its commands may. */
export function changesData(context: Context, command: Command, args: Arguments): boolean {
  if (command.name !== "EXEC") return mayChangeData(context, command, args);
  const { transaction } = context.client;
  return transaction?.queued.some((each) => mayChangeData(context, each.command, each.args)) ?? false;
}

const mayChangeData = (context: Context, command: Command, args: Arguments): boolean =>
  command.isWrite || command.mayReplicate?.(context, args) === true;
