import type { Arguments } from "../../protocol/arguments.ts";
import type { Client } from "../client.ts";

/** For whom a command has run. */
export interface RanFor {
  readonly client: Client;
  /** A blocked client's command was tried again. */
  readonly retrying: boolean;
}

/** Sees what happens and never refuses it. What an observer does not look at costs it nothing. */
export interface Observer<Entry> {
  /** A client's request has passed its checks: it is about to run, or to be queued by MULTI. */
  readonly starting?: (client: Client) => void;
  /** A command has run: of a client, of a transaction, or of a script. */
  readonly ran?: (ranFor: RanFor, command: Entry, args: Arguments) => void;
  /** A client's request is done, with everything that it ran. */
  readonly done?: (client: Client, command: Entry) => void;
}

/** The observers that are installed. While there are none, a command pays for one look at a length. */
export class ObserverList<Entry> {
  /** Observers that are installed now. */
  count = 0;
  #installed: readonly Observer<Entry>[] = [];
  #starting: readonly NonNullable<Observer<Entry>["starting"]>[] = [];
  #ran: readonly NonNullable<Observer<Entry>["ran"]>[] = [];
  #done: readonly NonNullable<Observer<Entry>["done"]>[] = [];

  /** The result removes the observer again. */
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
