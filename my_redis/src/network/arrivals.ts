/** Clients that are set up in one turn: about half a millisecond. */
const clientsPerTurn = 32;

/** A client that has connected, and is not served yet. */
export interface Arrival {
  readonly closed: boolean;
  holdInput(isHeld: boolean): void;
  terminate(): void;
}

/**
 * Spreads the work for new clients over turns, so that a storm of connections does not keep the server from those that
 * it has. How many the runtime accepts in one go cannot be chosen; but that is a fraction of the work.
 */
export class Arrivals<Client extends Arrival> {
  readonly #setUp: (client: Client) => void;
  /** In the order in which they connected. */
  readonly #waiting = new Set<Client>();
  #setUpInTurn = 0;
  #isScheduled = false;
  #isStopped = false;

  constructor(setUp: (client: Client) => void) {
    this.#setUp = setUp;
  }

  /** Clients that have connected and wait until they are set up. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  isWaiting(client: Client): boolean {
    return this.#waiting.has(client);
  }

  /** Sets the client up now, or in a later turn: nothing is read from it until then. */
  add(client: Client): void {
    this.#schedule();
    if (this.#waiting.size === 0 && this.#setUpInTurn < clientsPerTurn) {
      this.#setUpInTurn++;
      this.#setUp(client);
      return;
    }
    client.holdInput(true);
    this.#waiting.add(client);
  }

  /** The client has disconnected; whether it was still waiting. */
  forget(client: Client): boolean {
    return this.#waiting.delete(client);
  }

  /** Sets up nobody more, and disconnects those that wait. */
  stop(): void {
    this.#isStopped = true;
    for (const client of [...this.#waiting]) client.terminate();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#beginTurn);
  }

  readonly #beginTurn = (): void => {
    this.#isScheduled = false;
    if (this.#isStopped) return;
    this.#setUpInTurn = 0;
    for (const client of this.#waiting) {
      if (this.#setUpInTurn === clientsPerTurn) break;
      this.#setUpInTurn++;
      this.#waiting.delete(client);
      this.#setUp(client);
      client.holdInput(false);
    }
    if (this.#setUpInTurn > 0) this.#schedule();
  };
}
