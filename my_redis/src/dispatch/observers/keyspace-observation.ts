import type { Keyspace } from "../../keyspace/keyspace.ts";
import { type KeyListener, noEvent, type ObservedDatabase } from "../../keyspace/keyspace-observer.ts";
import { latin1Text } from "../../protocol/arguments.ts";
import type { ChangeLog } from "../change-log.ts";
import type { WatchedKeys } from "../watched-keys.ts";
import type { ClientTracking } from "./client-tracking.ts";
import type { KeyspaceNotifications } from "./keyspace-notifications.ts";

export interface KeyspaceObservationOptions {
  readonly keyspace: Keyspace;
  readonly changes: ChangeLog;
  readonly watched: WatchedKeys;
  readonly blocking: {
    readonly count: number;
    keyChanged(database: number, key: string): void;
    databaseChanged(database: number): void;
  };
  readonly notifications: KeyspaceNotifications;
  readonly tracking: ClientTracking;
}

/** Passes changes of keys on to WATCH, blocked clients, notifications, client tracking and the log. */
export class KeyspaceObservation {
  readonly #options: KeyspaceObservationOptions;

  constructor(options: KeyspaceObservationOptions) {
    this.#options = options;
    const { changes, keyspace } = options;
    keyspace.observer = {
      keyChanged: (database, key, start, end, event) => this.#keyChanged(database, key, start, end, event),
      databaseChanged: (database, replacement) => this.#databaseChanged(database, replacement),
    };
    const logRemoval: KeyListener = (database, key, start, end) => {
      if (changes.isOn) changes.append(database, ["DEL", key.subarray(start, end)]);
    };
    keyspace.onExpired = logRemoval;
    keyspace.onEvicted = logRemoval;
    keyspace.onFieldsExpired = (database, key, fields) => {
      if (changes.isOn) changes.append(database, ["HDEL", key, ...fields]);
    };
    this.update();
  }

  /**
   * Must be called when a client begins or ends to watch, block, track or subscribe: changes that nobody observes are
   * cheap.
   */
  update(): void {
    const { blocking, keyspace, notifications, tracking, watched } = this.#options;
    keyspace.observed = watched.count > 0 || blocking.count > 0 || notifications.areOn || tracking.clientCount > 0;
    keyspace.onMissed = notifications.wants("m") ? this.#notifyMiss : undefined;
    keyspace.onCreated = notifications.wants("n") ? this.#notifyCreated : undefined;
  }

  #keyChanged(database: number, key: Uint8Array, start: number, end: number, event: string): void {
    const { blocking, notifications, tracking, watched } = this.#options;
    if (notifications.areOn && event !== noEvent) notifications.notify(database, key, start, end, event);
    const name = latin1Text(key, start, end);
    tracking.keyChanged(name, event);
    watched.keyChanged(database, name);
    blocking.keyChanged(database, name);
  }

  #databaseChanged(database: ObservedDatabase, replacement: ObservedDatabase | undefined): void {
    const { blocking, tracking, watched } = this.#options;
    watched.databaseChanged(database.number, (name) => {
      const key = Buffer.from(name, "latin1");
      return replacement?.presenceOf(key, 0, key.length) ?? "missing";
    });
    blocking.databaseChanged(database.number);
    if (replacement === undefined) tracking.flushed();
  }

  readonly #notifyMiss: KeyListener = (database, key, start, end) =>
    this.#options.notifications.notify(database, key, start, end, "keymiss");

  readonly #notifyCreated: KeyListener = (database, key, start, end) =>
    this.#options.notifications.notify(database, key, start, end, "new");
}
