import type { Arguments } from "../../protocol/arguments.ts";
import { ReplyWriter } from "../../protocol/reply-writer.ts";
import type { Settings } from "../../settings/settings.ts";
import type { OutputLimit, OutputLimits } from "../../settings/special-values.ts";
import type { Client } from "../client.ts";
import type { CommandFacts } from "../command-facts.ts";
import type { ReplyOutlet } from "../replies.ts";
import type { ObserverList, RanFor } from "./observer-list.ts";
import { quotedText } from "./quoted-text.ts";
import { redacted } from "./redacted.ts";

export interface MonitorsOptions {
  readonly settings: Settings;
  readonly observers: ObserverList<CommandFacts>;
  readonly replies: ReplyOutlet;
  /** Unix milliseconds, with fractions. */
  readonly nowMs: () => number;
  /** Called when there is a first monitor; the result is called when the last one has gone. */
  readonly begin: () => () => void;
}

/**
 * The limit on the unread output of a client in MONITOR. As in redis-server it is that of normal clients. Where that is
 * none, as by default, the limit of subscribers applies, because a monitor gets more than it asked for, too.
 */
export function monitorLimit({ normal, pubsub }: OutputLimits): OutputLimit {
  return normal.hardBytes === 0 && normal.softBytes === 0 ? pubsub : normal;
}

/**
 * MONITOR: these clients get every command that runs, except for administrative commands. It is installed as an observer only while there are such clients.
 */
export class Monitors {
  readonly #options: MonitorsOptions;
  readonly #clients = new Set<Client>();
  /** Lines that are delivered at the end of the turn. */
  readonly #lines = new ReplyWriter();
  #end: (() => void) | undefined;

  constructor(options: MonitorsOptions) {
    this.#options = options;
  }

  /** Number of clients in MONITOR. */
  get count(): number {
    return this.#clients.size;
  }

  add(client: Client): void {
    // A new monitor does not get the commands that ran before.
    this.#deliver();
    this.#end ??= this.#begin();
    this.#clients.add(client);
    client.monitoring = true;
  }

  /** Must be called when a client disconnects or uses RESET. It still gets the commands that ran before. */
  forget(client: Client): void {
    if (!client.monitoring) return;
    this.#deliver();
    this.#clients.delete(client);
    client.monitoring = false;
    if (this.#clients.size > 0) return;
    this.#end?.();
    this.#end = undefined;
  }

  #begin(): () => void {
    const { begin, observers } = this.#options;
    const uninstall = observers.install({ ran: (ranFor, command, args) => this.#ran(ranFor, command, args) });
    const end = begin();
    return () => {
      uninstall();
      end();
    };
  }

  #ran({ client, retrying }: RanFor, command: CommandFacts, args: Arguments): void {
    if (!command.flagSet.has("admin") && !command.flagSet.has("skip_monitor") && !retrying)
      this.show(client, command, args);
  }

  /** Shows a command of a client, whatever its flags are. */
  show(client: Client, command: CommandFacts, args: Arguments): void {
    if (this.#clients.size === 0 || client.kind === "loader") return;
    const words = Array.from({ length: args.count }, (_, index) =>
      command.isSecret?.(args, index) === true
        ? `"${redacted}"`
        : quotedText(args.buffer, args.start(index), args.end(index)),
    );
    const source = client.kind === "script" ? "lua" : client.channel.remoteAddress;
    if (this.#lines.length === 0) queueMicrotask(() => this.#deliver());
    this.#lines.simple(`${this.#time()} [${client.database} ${source}] ${words.join(" ")}`);
    this.#limit();
  }

  /** The time in seconds, with six decimals. */
  #time(): string {
    const nowMs = this.#options.nowMs();
    return `${Math.floor(nowMs / 1000)}.${String(Math.floor((nowMs % 1000) * 1000)).padStart(6, "0")}`;
  }

  /** One script may run more commands than a monitor's output limit allows: that counts as unread output. */
  #limit(): void {
    const { hardBytes } = monitorLimit(this.#options.settings.values["client-output-buffer-limit"]);
    if (hardBytes === 0 || this.#lines.length <= hardBytes) return;
    this.#lines.clear();
    for (const client of [...this.#clients]) {
      this.forget(client);
      client.channel.kill();
    }
  }

  #deliver(): void {
    const lines = this.#lines;
    if (lines.length === 0) return;
    const bytes = lines.copy();
    lines.clear();
    for (const client of this.#clients) {
      // Requests are shown, and no data.
      if (!client.closing) this.#options.replies.to(client, (reply) => reply.raw(bytes), "nothing");
    }
  }
}
