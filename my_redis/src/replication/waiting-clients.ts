import type { Client } from "../dispatch/client.ts";

/** Clients in WAIT, each with the offset that its replicas must have acknowledged. */
export class WaitingClients {
  readonly #offsets = new Map<Client, number>();

  /** The offset for which this client waits, if it waits already; otherwise it waits for `present` from now on. */
  offsetOf(client: Client, present: number): number {
    if (client.blocked === undefined) this.#offsets.set(client, present);
    return this.#offsets.get(client) ?? present;
  }

  /** Calls back for the clients that still wait, in the order in which they began. */
  forEach(tryAgain: (client: Client) => void): void {
    this.tidy();
    for (const client of [...this.#offsets.keys()]) tryAgain(client);
    this.tidy();
  }

  /** Forgets the clients that do not wait any more. Must be called regularly. */
  tidy(): void {
    for (const client of this.#offsets.keys()) {
      if (client.blocked === undefined || client.gone) this.#offsets.delete(client);
    }
  }
}
