import type { AccessClock } from "../../keyspace/access-clock.ts";
import type { Client } from "../client.ts";
import type { CommandFacts } from "../command-facts.ts";
import type { ObserverList } from "./observer-list.ts";

/**
 * CLIENT NO-TOUCH: the commands of such clients do not change the access times of keys, except for TOUCH. It is
 * installed as an observer only while there is such a client.
 */
export class NoTouch {
  readonly #observers: ObserverList<CommandFacts>;
  readonly #accessClock: AccessClock;
  readonly #clients = new Set<Client>();
  #uninstall: (() => void) | undefined;

  constructor(observers: ObserverList<CommandFacts>, accessClock: AccessClock) {
    this.#observers = observers;
    this.#accessClock = accessClock;
  }

  set(client: Client, noTouch: boolean): void {
    client.noTouch = noTouch;
    if (noTouch) this.#clients.add(client);
    else this.#clients.delete(client);
    if (this.#clients.size > 0) {
      this.#uninstall ??= this.#observers.install({ starting: (asking) => this.#starting(asking) });
    } else {
      this.#uninstall?.();
      this.#uninstall = undefined;
    }
    this.#accessClock.marks = !noTouch;
  }

  /** The client has disconnected. */
  forget(client: Client): void {
    if (client.noTouch) this.set(client, false);
  }

  /**
   * A script works for the client that called it. That client's request was seen here before, so that the pseudo client
   * is ignored.
   */
  #starting(client: Client): void {
    if (client.isReal) this.#accessClock.marks = !client.noTouch;
  }
}
