import { isLoopback } from "../dispatch/local-client.ts";
import { monitorLimit } from "../dispatch/observers/monitors.ts";
import type { Services } from "../dispatch/context.ts";
import { ClientEviction } from "./client-eviction.ts";
import type { Connection } from "./connection.ts";
import { outputExcess } from "./output-limits.ts";

/** Redis's own text, which clients know as a passing failure: they connect again later. */
export const tooManyClients = "ERR max number of clients reached";

const protectedMode =
  "DENIED Redis is running in protected mode: no password is set, so only clients on this machine are served. " +
  "Set requirepass, or set protected-mode to no where only trusted machines can connect.";

/** A client that is disconnected after its last replies must read some of them within this time. */
const closingMs = 60_000;

/** Disconnects clients that leave too much output unread, take too much memory, or have been idle for too long. */
export class ClientLimits {
  readonly #server: Services;
  readonly #connections: ReadonlySet<Connection>;
  readonly #administrative = new Set<Connection>();
  readonly #eviction: ClientEviction;
  readonly #handshakes: () => number;

  /** `handshakes` is the number of connections that are not clients yet. */
  constructor(server: Services, connections: ReadonlySet<Connection>, handshakes: () => number) {
    this.#server = server;
    this.#handshakes = handshakes;
    this.#connections = connections;
    this.#eviction = new ClientEviction(server, connections, (connection, why) => this.disconnect(connection, why));
  }

  /** Clients of the administration port. */
  get administrativeCount(): number {
    return this.#administrative.size;
  }

  /** Whether one more client may connect. */
  get hasRoom(): boolean {
    return this.#count < this.#server.settings.values.maxclients;
  }

  /** Those that count against maxclients. */
  get #count(): number {
    return this.#connections.size - this.administrativeCount + this.#handshakes();
  }

  /** The error reply for a new client that is not accepted; undefined for one that is. */
  refusalOf(connection: Connection): string | undefined {
    if (connection.isAdministrative) this.#administrative.add(connection);
    const { values } = this.#server.settings;
    const isOneTooMany = this.#count > values.maxclients;
    if (isOneTooMany && !connection.isAdministrative) return tooManyClients;
    const open = !values["protected-mode"] || values.requirepass !== "" || isLoopback(connection.remoteAddress);
    return open ? undefined : protectedMode;
  }

  /** Disconnects a client at once, and reports why. */
  disconnect(connection: Connection, reason: string): void {
    const { id } = connection.context.client;
    this.#server.environment.report("warning", `client ${id} (${connection.remoteAddress}) is disconnected: ${reason}`);
    connection.kill();
  }

  /** Must be called when a client's unread output grows to this size. */
  checkOutput(connection: Connection, unreadBytes: number): void {
    const { clock, environment, observers, settings } = this.#server;
    const limits = settings.values["client-output-buffer-limit"];
    const { id, monitoring, subscriptions } = connection.context.client;
    let limit = subscriptions === undefined ? limits.normal : limits.pubsub;
    if (monitoring) limit = monitorLimit(limits);
    const excess = outputExcess(connection, unreadBytes, limit, clock.monotonicMs);
    if (excess === undefined) return;
    observers.statistics.outputLimitDisconnections++;
    // Redis's words, because programs look for them in logs.
    const who = `Client id=${id} addr=${connection.remoteAddress}`;
    environment.report("warning", `${who} closed for overcoming of output buffer limits: ${excess}`);
    connection.kill();
  }

  /** Must be called after a client's requests were run, as far as they have arrived, and when it leaves output unread. */
  checkMemory(connection: Connection): void {
    this.#eviction.note(connection);
  }

  /** Called when a client has disconnected. */
  forget(connection: Connection): void {
    this.#administrative.delete(connection);
    this.#eviction.forget(connection);
  }

  /** Must be called regularly, because a client that does nothing triggers no other check. */
  checkAll(): void {
    const { clock, settings } = this.#server;
    const { monotonicMs } = clock;
    const timeoutMs = settings.values.timeout * 1000;
    for (const connection of [...this.#connections]) {
      const { client } = connection.context;
      if (client.closing) {
        // Encrypted bytes may wait in the runtime, which does not say how many there are.
        const mayBeReading = connection.isParked || monotonicMs - client.lastActiveMs <= closingMs;
        if (!mayBeReading) this.disconnect(connection, "it does not read its last replies");
        continue;
      }
      // A client that waits for its turn, the log or other nodes, monitors or subscribes may be silent for long.
      const waits =
        connection.waitsForTurn ||
        connection.isParked ||
        (client.relaying !== undefined && client.relaying.outstanding > 0);
      const mayBeIdle = connection.paused || waits || client.monitoring || client.subscriptions !== undefined;
      if (timeoutMs > 0 && !mayBeIdle && monotonicMs - client.lastActiveMs > timeoutMs) {
        this.disconnect(connection, `idle for more than ${settings.values.timeout} seconds`);
      } else if (connection.pendingBytes > 0) {
        this.checkOutput(connection, connection.pendingBytes);
      }
    }
  }
}
