import type { Arguments } from "../../protocol/arguments.ts";
import type { Client } from "../client.ts";

/** The client for which a command has run. */
export interface RanFor {
  readonly client: Client;
  /** The command of a blocked client was run again. */
  readonly retrying: boolean;
}

/** Sees what happens and never refuses it. A hook that an observer leaves out costs nothing. */
export interface Observer<Entry> {
  /** A client's request has passed its checks, and is about to run or to be queued by MULTI. */
  readonly starting?: (client: Client) => void;
  /** A command of a client, a transaction or a script has run. */
  readonly ran?: (ranFor: RanFor, command: Entry, args: Arguments) => void;
  /** A client's request is finished, with everything that it ran. */
  readonly done?: (client: Client, command: Entry) => void;
}

/** The installed observers. While there are none, a command pays for one comparison of a length. */
export class ObserverList<Entry> {
  /** Number of installed observers. */
  count = 0;
  #installed: readonly Observer<Entry>[] = [];
  #starting: readonly NonNullable<Observer<Entry>["starting"]>[] = [];
  #ran: readonly NonNullable<Observer<Entry>["ran"]>[] = [];
  #done: readonly NonNullable<Observer<Entry>["done"]>[] = [];

  /** Adds the observer. Call the result to remove it. */
  install(observer: Observer<Entry>): () => void {
    this.#set([...this.#installed, observer]);
    return () => this.#set(this.#installed.filter((each) => each !== observer));
  }

  #set(observers: readonly Observer<Entry>[]): void {
    this.#installed = observers;
    this.count = observers.length;
    this.#starting = observers.flatMap(({ starting }) => starting ?? []);
    this.#ran = observers.flatMap(({ ran }) => ran ?? []);
    this.#done = observers.flatMap(({ done }) => done ?? []);
  }

  starting(client: Client): void {
    for (const starting of this.#starting) starting(client);
  }

  ran(ranFor: RanFor, command: Entry, args: Arguments): void {
    for (const ran of this.#ran) ran(ranFor, command, args);
  }

  done(client: Client, command: Entry): void {
    for (const done of this.#done) done(client, command);
  }
}
