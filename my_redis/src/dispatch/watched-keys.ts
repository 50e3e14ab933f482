import type { Client, WatchedKey } from "./client.ts";

/** A key before or after a change. "expired": it is there, but no command sees it any more. */
export type Presence = "missing" | "expired" | "live";

/**
 * Which clients WATCH which keys. A key that has expired counts as missing: that it is deleted changes nothing for a
 * client that began to watch it afterwards.
 */
export class WatchedKeys {
  /** By database and key. */
  readonly #watches = new Map<string, Map<Client, WatchedKey>>();
  readonly #presenceOf: (database: number, key: string) => Presence;
  readonly #onCount: () => void;

  /** `presenceOf` must change nothing. `onCount` is called when clients begin or end watching. */
  constructor(presenceOf: (database: number, key: string) => Presence, onCount: () => void) {
    this.#presenceOf = presenceOf;
    this.#onCount = onCount;
  }

  get count(): number {
    return this.#watches.size;
  }

  watch(client: Client, database: number, key: string): void {
    const place = `${database}:${key}`;
    const watches = this.#watches.get(place);
    if (watches?.has(client) === true) return;
    const watched = { database, key, expired: this.#presenceOf(database, key) === "expired" };
    client.watched.push(watched);
    if (watches === undefined) this.#watches.set(place, new Map([[client, watched]]));
    else watches.set(client, watched);
    this.#onCount();
  }

  /** UNWATCH: the client's next transaction depends on no key. */
  unwatch(client: Client): void {
    if (client.watched.length === 0 && !client.watchBroken) return;
    for (const { database, key } of client.watched) {
      const place = `${database}:${key}`;
      const watches = this.#watches.get(place);
      watches?.delete(client);
      if (watches?.size === 0) this.#watches.delete(place);
    }
    client.watched = [];
    client.watchBroken = false;
    this.#onCount();
  }

  /** Whether a key that the client watches has changed, or has expired since. */
  isBroken(client: Client): boolean {
    if (client.watchBroken) return true;
    return client.watched.some(
      ({ database, key, expired }) => !expired && this.#presenceOf(database, key) === "expired",
    );
  }

  keyChanged(database: number, key: string): void {
    const watches = this.#watches.get(`${database}:${key}`);
    if (watches === undefined) return;
    for (const [client, watched] of watches) {
      if (watched.expired && this.#presenceOf(database, key) === "missing") watched.expired = false;
      else client.watchBroken = true;
    }
  }

  /** What this server has said of its keys may be wrong by now: other nodes have changed them, or will. */
  breakAll(): void {
    for (const watches of this.#watches.values()) for (const client of watches.keys()) client.watchBroken = true;
  }

  /** As `breakAll`, for some keys only. */
  breakWhere(isMeant: (key: string) => boolean): void {
    for (const [place, watches] of this.#watches) {
      if (!isMeant(place.slice(place.indexOf(":") + 1))) continue;
      for (const client of watches.keys()) client.watchBroken = true;
    }
  }

  /** All keys of a database change at once. `after` gives the presence that a key will have. */
  databaseChanged(database: number, after: (key: string) => Presence): void {
    const prefix = `${database}:`;
    for (const [place, watches] of this.#watches) {
      if (!place.startsWith(prefix)) continue;
      const key = place.slice(prefix.length);
      const before = this.#presenceOf(database, key);
      const then = after(key);
      for (const [client, watched] of watches) {
        // A key that was alive at WATCH and has expired since counts as changed.
        const seenBefore = before === "expired" && !watched.expired ? "live" : before;
        if (isSeen(seenBefore) || isSeen(then)) client.watchBroken = true;
        watched.expired = then === "expired";
      }
    }
  }
}

const isSeen = (presence: Presence): boolean => presence === "live";
