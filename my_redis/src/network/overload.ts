import { changesData } from "../dispatch/checks/changes-data.ts";
import type { RequestCheck } from "../dispatch/checks/request-check.ts";
import type { Command, Context, Services } from "../dispatch/context.ts";
import type { InfoLine } from "../dispatch/info-book.ts";
import { Refusal } from "../dispatch/outcome.ts";
import { requestsOf } from "../dispatch/requests-of.ts";
import type { Arguments } from "../protocol/arguments.ts";

const isOverloaded = new Refusal("BUSY the server is overloaded and has not run this command. Repeat it later.");
/** The level of overload is left when the longest wait is below this part of the wait at which it begins. */
const leavingShare = 0.5;

export interface OverloadOptions {
  readonly server: Pick<Services, "checks" | "environment" | "observers" | "settings">;
  /** Whether load never makes this client wait: its requests are not refused either. */
  readonly isExempt: (context: Context) => boolean;
}

/**
 * What the server refuses while it has more to do than it can. The measure is the longest time that a client has waited
 * for its turn. From `overload-wait-ms` on the first class of `overload-refuses` is refused, from twice that time on the
 * second class as well, and so on. Each change of the level is one line of the log.
 */
export class Overload {
  readonly #options: OverloadOptions;
  /** The number of classes that are refused. */
  #level = 0;
  #longestWaitMs = 0;
  /** The classes of `overload-refuses` that are refused now. */
  #refused: ReadonlySet<string> = new Set();
  #uninstall: (() => void) | undefined;

  constructor(options: OverloadOptions) {
    this.#options = options;
    const { settings } = options.server;
    for (const name of ["overload-wait-ms", "overload-refuses"] as const) {
      settings.onChange(name, () => this.#enter(Math.min(this.#level, this.#mostLevels)));
    }
  }

  get infoLines(): readonly InfoLine[] {
    const { statistics } = this.#options.server.observers;
    return [
      ["overload_refuses", this.#level === 0 ? "nothing" : [...this.#refused].join(",")],
      ["overload_refused_connections", statistics.overloadRefusedConnections],
      ["overload_refused_requests", statistics.overloadRefusedRequests],
    ];
  }

  get #mostLevels(): number {
    const { values } = this.#options.server.settings;
    return values["overload-wait-ms"] === 0 ? 0 : values["overload-refuses"].length;
  }

  /** Takes in the longest time that a client has waited for its turn; must be called while clients wait, and after. */
  note(longestWaitMs: number): void {
    const stepMs = this.#options.server.settings.values["overload-wait-ms"];
    const most = this.#mostLevels;
    if (most === 0 || (this.#level === 0 && longestWaitMs < stepMs)) return;
    this.#longestWaitMs = longestWaitMs;
    const reached = Math.min(most, Math.floor(longestWaitMs / stepMs));
    if (reached > this.#level || longestWaitMs < this.#level * stepMs * leavingShare) this.#enter(reached);
  }

  #enter(level: number): void {
    const { checks, environment, settings } = this.#options.server;
    const changed = level !== this.#level;
    this.#level = level;
    this.#refused = new Set(settings.values["overload-refuses"].slice(0, level));
    this.#uninstall?.();
    this.#uninstall = undefined;
    if (this.#refused.has("writes") || this.#refused.has("reads")) {
      this.#uninstall = checks.install(this.#check, "arrival");
    }
    if (!changed) return;
    const waited = `the longest wait for a turn is ${Math.round(this.#longestWaitMs)} ms`;
    if (level === 0) environment.report("notice", `the overload is over, nothing is refused any more: ${waited}`);
    else environment.report("warning", `overloaded, new ${[...this.#refused].join(" and ")} are refused: ${waited}`);
  }

  /** Whether a new client must be refused. */
  get refusesConnections(): boolean {
    return this.#refused.has("connections");
  }

  /** A script is judged by whether it may write, and not within: half of it may have run already. */
  readonly #check: RequestCheck<"overload"> = {
    name: "overload",
    arriving: (context, command, args) => {
      if (!this.#isRefused(context, command, args)) return "run";
      this.#options.server.observers.statistics.overloadRefusedRequests++;
      return isOverloaded;
    },
  };

  #isRefused(context: Context, command: Command, args: Arguments): boolean {
    const { client } = context;
    if (!client.isReal || this.#options.isExempt(context)) return false;
    if (changesData(context, command, args)) return this.#refused.has("writes");
    return this.#refused.has("reads") && requestsOf(client, command, args).some((each) => isRead(each.command));
  }
}

const isRead = ({ flagSet }: Command): boolean => flagSet.has("readonly");
