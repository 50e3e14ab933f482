import type { Arguments } from "../../protocol/arguments.ts";
import { ReplyWriter } from "../../protocol/reply-writer.ts";
import type { Server } from "../../server.ts";
import type { Client } from "../client.ts";
import type { Command } from "../command.ts";
import type { Context } from "../context.ts";
import type { Policy } from "../checks/policies.ts";
import { quotedText } from "./quoted-text.ts";
import { redacted, secretArguments } from "../describe/secret-arguments.ts";

/**
 * MONITOR: clients who are told of every command that runs, but for administrators' ones. What they leave unread is
 * limited as for subscribers. While there are none, a command pays for one look at `areThere`.
 */
export class Monitors {
  areThere = false;
  readonly #server: Server;
  readonly #clients = new Set<Client>();
  /** Lines that are still to be handed over, at the end of the turn. */
  readonly #lines = new ReplyWriter();

  constructor(server: Server) {
    this.#server = server;
    server.arrivalPolicies.add(this.#policy);
  }

  add(client: Client): void {
    // What ran before is not for him.
    this.#deliver();
    if (!this.areThere) this.#server.policies.push(this.#policy);
    this.#clients.add(client);
    client.monitoring = true;
    this.areThere = true;
  }

  /** To be called when a client goes away, or starts over: what ran before is for him still. */
  forget(client: Client): void {
    if (!client.monitoring) return;
    this.#deliver();
    this.#clients.delete(client);
    client.monitoring = false;
    this.areThere = this.#clients.size > 0;
    const { policies } = this.#server;
    if (!this.areThere) policies.splice(policies.indexOf(this.#policy), 1);
  }

  /** Tells of a command that has run. */
  tell(context: Context, command: Command, args: Arguments): void {
    if (command.flagSet.has("admin") || command.flagSet.has("skip_monitor") || context.retrying) return;
    this.show(context, command, args);
  }

  /** Tells of a command, whatever it is. */
  show({ client }: Context, command: Command, args: Arguments): void {
    if (!this.areThere || client.kind === "loader") return;
    const isSecret = secretArguments(command.fullName, args);
    const words = Array.from({ length: args.count }, (_, index) =>
      isSecret(index) ? `"${redacted}"` : quotedText(args.buffer, args.start(index), args.end(index)),
    );
    const source = client.kind === "script" ? "lua" : client.channel.remoteAddress;
    if (this.#lines.length === 0) queueMicrotask(() => this.#deliver());
    this.#lines.simple(`${this.#time()} [${client.database} ${source}] ${words.join(" ")}`);
    this.#limit();
  }

  /** Seconds with six decimals. */
  #time(): string {
    const nowMs = this.#server.environment.nowMs();
    return `${Math.floor(nowMs / 1000)}.${String(Math.floor((nowMs % 1000) * 1000)).padStart(6, "0")}`;
  }

  /** One script may run more commands than a monitor may leave unread: then it is as if he had. */
  #limit(): void {
    const { hardBytes } = this.#server.settings.values["client-output-buffer-limit"].pubsub;
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
      if (!client.closing) this.#server.outOfTurn.to(client, (reply) => reply.raw(bytes));
    }
  }

  /** As in Redis, where a monitor is a kind of replica. */
  readonly #policy: Policy = (context, command, args) => {
    if (!context.client.monitoring) return undefined;
    const usesKeys =
      command.isWrite || command.flagSet.has("readonly") || command.mayReplicate?.(context, args) === true;
    return usesKeys ? "ERR Replica can't interact with the keyspace" : undefined;
  };
}
