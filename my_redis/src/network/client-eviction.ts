import { clientBytes } from "../dispatch/client-memory.ts";
import type { Services } from "../dispatch/context.ts";
import type { Connection } from "./connection.ts";

/** A smaller limit counts as this one. Otherwise no client could connect any more, not even to raise the limit. */
const leastLimitBytes = 128 * 1024;

/** Disconnects a client, and reports why. */
type Disconnect = (connection: Connection, reason: string) => void;

/**
 * maxmemory-clients: when all clients together take more memory than allowed, the largest ones are disconnected until
 * the others fit. A client with CLIENT NO-EVICT counts, but is not disconnected.
 */
export class ClientEviction {
  readonly #server: Services;
  readonly #connections: ReadonlySet<Connection>;
  readonly #disconnect: Disconnect;
  #limitBytes = 0;
  /** Memory of each connection when it was last measured, and the total. */
  readonly #seenBytes = new Map<Connection, number>();
  #totalBytes = 0;

  constructor(server: Services, connections: ReadonlySet<Connection>, disconnect: Disconnect) {
    this.#server = server;
    this.#connections = connections;
    this.#disconnect = disconnect;
    for (const name of ["maxmemory-clients", "maxmemory"] as const) {
      server.settings.onChange(name, () => {
        this.#read();
        // Not within the command that changes the limit, because its reply comes first.
        if (this.#limitBytes > 0) setImmediate(() => this.#makeRoom());
      });
    }
    this.#read();
  }

  /** A percentage of maxmemory is no limit while maxmemory itself has none. */
  #read(): void {
    const { values } = this.#server.settings;
    const limit = values["maxmemory-clients"];
    const limitBytes = limit >= 0 ? limit : Math.floor((-limit / 100) * values.maxmemory);
    this.#limitBytes = limitBytes > 0 ? Math.max(limitBytes, leastLimitBytes) : 0;
    if (this.#limitBytes > 0) return;
    this.#seenBytes.clear();
    this.#totalBytes = 0;
  }

  /** Must be called when a client may take more memory than before. */
  note(connection: Connection): void {
    if (this.#limitBytes === 0) return;
    this.#see(connection);
    if (this.#totalBytes > this.#limitBytes) this.#makeRoom();
  }

  #see(connection: Connection): void {
    const bytes = clientBytes(connection.context.client);
    this.#totalBytes += bytes - (this.#seenBytes.get(connection) ?? 0);
    this.#seenBytes.set(connection, bytes);
  }

  /** Called when the client has disconnected. */
  forget(connection: Connection): void {
    this.#totalBytes -= this.#seenBytes.get(connection) ?? 0;
    this.#seenBytes.delete(connection);
  }

  #makeRoom(): void {
    // A client that has read its replies meanwhile takes less than when it was last measured.
    for (const connection of this.#connections) {
      if (!connection.context.client.closing) this.#see(connection);
    }
    if (this.#totalBytes <= this.#limitBytes) return;
    const bySize = [...this.#seenBytes].sort(([, one], [, other]) => other - one);
    for (const [connection, bytes] of bySize) {
      if (this.#totalBytes <= this.#limitBytes) return;
      if (connection.context.client.noEvict) continue;
      this.forget(connection);
      this.#server.observers.statistics.evictedClients++;
      this.#disconnect(
        connection,
        `${bytes} bytes, while all clients may take ${this.#limitBytes} (maxmemory-clients)`,
      );
    }
  }
}
