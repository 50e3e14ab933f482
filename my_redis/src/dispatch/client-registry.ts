import { Client, type ClientKind } from "./client.ts";
import { type ClientChannel, noChannel } from "./client-channel.ts";
import { type Clients, type Command, Context, type Services } from "./context.ts";

/** Pseudo clients are not listed, so they need no id of their own. */
const noId = 0;

/** Lists the clients, and gives each its context. */
export class ClientRegistry implements Clients {
  readonly #connected = new Map<number, Context>();
  readonly #sessions = new Set<Context>();
  readonly #services: Services;
  #nextId = 1;

  /** Only the settings of `services` are read here; the other ones when a client connects. */
  constructor(services: Services) {
    this.#services = services;
    services.settings.onChange("requirepass", () => this.#passwordChanged());
  }

  get connected(): ReadonlyMap<number, Context> {
    return this.#connected;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  get postponedCount(): number {
    let count = 0;
    for (const { client } of this.#connected.values()) if (client.isPostponed) count++;
    for (const { client } of this.#sessions) if (client.isPostponed) count++;
    return count;
  }

  add(channel: ClientChannel): Context {
    const context = this.#context(this.#nextId++, channel, "normal");
    context.client.authenticated = this.#isOpen;
    this.#connected.set(context.client.id, context);
    return context;
  }

  addSession(channel: ClientChannel): Context {
    const context = this.#context(this.#nextId++, channel, "relayed");
    this.#sessions.add(context);
    return context;
  }

  addPrimary(channel: ClientChannel): Context {
    const context = this.#context(this.#nextId++, channel, "primary");
    this.#connected.set(context.client.id, context);
    return context;
  }

  addPseudo(kind: "script" | "loader"): Context {
    return this.#context(noId, noChannel, kind);
  }

  #context(id: number, channel: ClientChannel, kind: ClientKind): Context {
    const client = new Client<Command>(id, channel, this.#services.clock.monotonicMs, kind);
    client.authenticated = true;
    return new Context(this.#services, client);
  }

  get #isOpen(): boolean {
    return this.#services.settings.values.requirepass === "";
  }

  /** Clearing the password authenticates every connected client; setting one logs nobody out. */
  #passwordChanged(): void {
    if (!this.#isOpen) return;
    for (const { client } of this.#connected.values()) client.authenticated = true;
  }

  remove(context: Context): void {
    const { blocking, observers, pause, pubSub, watched } = this.#services;
    const { client } = context;
    blocking.forget(context);
    pause.forget(context);
    observers.noTouch.forget(client);
    observers.monitors.forget(client);
    observers.tracking.end(client);
    watched.unwatch(client);
    pubSub.forget(client);
    this.#connected.delete(client.id);
    this.#sessions.delete(context);
    client.gone = true;
    client.relaying?.end();
  }
}
