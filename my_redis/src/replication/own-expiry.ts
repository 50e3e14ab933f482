import type { Services } from "../dispatch/context.ts";
import { keyPositions } from "../dispatch/command-keys.ts";
import type { Command } from "../dispatch/command.ts";
import type { RanFor } from "../dispatch/observers/observer-list.ts";
import { latin1Of, wholeRange } from "../memory/byte-range.ts";
import * as record from "../memory/record.ts";
import type { Arguments } from "../protocol/arguments.ts";

/** Keys that one pass looks at. */
const keysPerPass = 200;

interface OwnKey {
  readonly database: number;
  readonly key: Uint8Array;
}

/**
 * Expiry on a writable replica. The keys of the primary expire when the primary says so: until then a client that reads
 * does not see them, and one that writes removes them. But nobody else removes the keys that expire after this server's own
 * clients have written them, so their names are kept here. Some of these keys may be gone already.
 */
export class OwnExpiry {
  readonly #server: Services;
  readonly #keys = new Map<string, OwnKey>();

  constructor(server: Services) {
    this.#server = server;
  }

  /** Call the result when the server is no writable replica any more. */
  begin(): () => void {
    const { keyspace, observerList } = this.#server;
    keyspace.keepsExpiredKeys = true;
    const uninstall = observerList.install({
      starting: ({ lastCommand, transaction }) => {
        keyspace.hidesExpired = transaction === undefined && lastCommand?.flags.includes("readonly") === true;
      },
      ran: (ranFor, command, args) => this.#ran(ranFor, command, args),
      done: () => {
        keyspace.hidesExpired = false;
      },
    });
    return () => {
      uninstall();
      keyspace.keepsExpiredKeys = false;
      keyspace.hidesExpired = false;
      this.forget();
    };
  }

  #ran({ client }: RanFor, command: Command, args: Arguments): void {
    const { keyspace } = this.#server;
    // Keys do not expire while the primary's commands are applied.
    if (!keyspace.expires || !command.flags.includes("write")) return;
    const database = keyspace.databases[client.database];
    for (const position of keyPositions(command, args)) {
      const address = database?.find(args.buffer, args.start(position), args.end(position)) ?? 0;
      if (address === 0 || !record.hasExpiry(keyspace.heap, address)) continue;
      const key = args.bytes(position).slice();
      this.#keys.set(`${client.database} ${latin1Of(wholeRange(key))}`, { database: client.database, key });
    }
  }

  /** Removes some of the keys that have expired. To be called between two turns. */
  run(): void {
    const { activeExpiry, execution, pause } = this.#server;
    if (this.#keys.size === 0 || !activeExpiry.enabled || !execution.isAtRest || pause.mode !== undefined) return;
    let left = Math.min(keysPerPass, this.#keys.size);
    for (const [name, own] of this.#keys) {
      if (left-- === 0) return;
      this.#keys.delete(name);
      // It is looked at again after all others.
      if (this.#isLive(own)) this.#keys.set(name, own);
    }
  }

  #isLive({ database, key }: OwnKey): boolean {
    const { databases, heap } = this.#server.keyspace;
    // Looking an expired key up removes it.
    const address = databases[database]?.find(key, 0, key.length) ?? 0;
    return address !== 0 && record.hasExpiry(heap, address);
  }

  forget(): void {
    this.#keys.clear();
  }
}
