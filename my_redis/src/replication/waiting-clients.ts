import type { Client } from "../dispatch/client.ts";

/** Clients in WAIT, each with the offset that its replicas must have acknowledged. */
export class WaitingClients {
  readonly #offsets = new Map<Client, number>();

  /** The offset for which this client waits, if it waits already; otherwise it waits for `present` from now on. */
  offsetOf(client: Client, present: number): number {
    if (client.blocked === undefined) this.#offsets.set(client, present);
    return this.#offsets.get(client) ?? present;
  }

  get isEmpty(): boolean {
    return this.#offsets.size === 0;
  }

  has(client: Client): boolean {
    return this.#offsets.has(client);
  }

  /** Forgets the clients that do not wait any more. Must be called regularly. */
  tidy(): void {
    for (const client of this.#offsets.keys()) {
      if (client.blocked === undefined || client.gone) this.#offsets.delete(client);
    }
  }
}
