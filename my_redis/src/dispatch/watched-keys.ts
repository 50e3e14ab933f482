import type { Client } from "./client.ts";

/** Which clients WATCH which keys. */
export class WatchedKeys {
  readonly #watchers = new Map<string, Set<Client>>();
  readonly #onCount: () => void;

  /** `onCount` is called when clients begin or end watching. */
  constructor(onCount: () => void) {
    this.#onCount = onCount;
  }

  get count(): number {
    return this.#watchers.size;
  }

  watch(client: Client, database: number, key: string): void {
    const place = `${database}:${key}`;
    const watchers = this.#watchers.get(place);
    if (watchers?.has(client) === true) return;
    client.watched.push({ database, key });
    if (watchers === undefined) this.#watchers.set(place, new Set([client]));
    else watchers.add(client);
    this.#onCount();
  }

  /** UNWATCH: the client's next transaction depends on no key. */
  unwatch(client: Client): void {
    if (client.watched.length === 0 && !client.watchBroken) return;
    for (const { database, key } of client.watched) {
      const place = `${database}:${key}`;
      const watchers = this.#watchers.get(place);
      watchers?.delete(client);
      if (watchers?.size === 0) this.#watchers.delete(place);
    }
    client.watched = [];
    client.watchBroken = false;
    this.#onCount();
  }

  keyChanged(database: number, key: string): void {
    const watchers = this.#watchers.get(`${database}:${key}`);
    if (watchers === undefined) return;
    for (const client of watchers) client.watchBroken = true;
  }

  /** Breaks the watches on all keys of a database for which `affected` returns true. */
  databaseChanged(database: number, affected: (key: string) => boolean): void {
    const prefix = `${database}:`;
    for (const [place, watchers] of this.#watchers) {
      if (!place.startsWith(prefix) || !affected(place.slice(prefix.length))) continue;
      for (const client of watchers) client.watchBroken = true;
    }
  }
}
