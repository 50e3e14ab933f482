import { isLoopback } from "../dispatch/local-client.ts";
import type { Services } from "../dispatch/context.ts";
import { ClientEviction } from "./client-eviction.ts";
import type { Connection } from "./connection.ts";
import { outputExcess } from "./output-limits.ts";

const protectedMode =
  "DENIED Redis is running in protected mode: no password is set, so only clients on this machine are served. " +
  "Set requirepass, or set protected-mode to no where nobody but trusted machines can connect.";

/** Lets clients go who may not stay: who leave too much unread, take too much memory, or have been idle for too long. */
export class ClientLimits {
  readonly #server: Services;
  readonly #connections: ReadonlySet<Connection>;
  readonly #eviction: ClientEviction;

  constructor(server: Services, connections: ReadonlySet<Connection>) {
    this.#server = server;
    this.#connections = connections;
    this.#eviction = new ClientEviction(server, connections, (connection, why) => this.letGo(connection, why));
  }

  /** Why a new client may not stay. */
  refusalOf(connection: Connection): string | undefined {
    const { values } = this.#server.settings;
    if (this.#connections.size > values.maxclients) return "ERR max number of clients reached";
    const open = !values["protected-mode"] || values.requirepass !== "" || isLoopback(connection.remoteAddress);
    return open ? undefined : protectedMode;
  }

  /** Cuts a client off, and says why. */
  letGo(connection: Connection, reason: string): void {
    const { id } = connection.context.client;
    this.#server.environment.report("warning", `client ${id} (${connection.remoteAddress}) is disconnected: ${reason}`);
    connection.kill();
  }

  /** To be called when a client leaves more unread than before. */
  checkOutput(connection: Connection): void {
    const { normal, pubsub } = this.#server.settings.values["client-output-buffer-limit"];
    const { monitoring, subscriptions } = connection.context.client;
    // Who is sent more than he asks for is held to a limit, as by default those who ask are not.
    const limit = subscriptions === undefined && !monitoring ? normal : pubsub;
    const reason = outputExcess(connection, connection.pendingBytes, limit, this.#server.clock.nowMs);
    if (reason === undefined) {
      this.#eviction.note(connection);
      return;
    }
    this.#server.observers.statistics.outputLimitDisconnections++;
    this.letGo(connection, reason);
  }

  /** To be called when a client's requests were run, as far as they have come. */
  checkMemory(connection: Connection): void {
    this.#eviction.note(connection);
  }

  /** A client went away. */
  forget(connection: Connection): void {
    this.#eviction.forget(connection);
  }

  /** To be called now and then: for clients who do nothing. */
  checkAll(): void {
    const { clock, settings } = this.#server;
    const { nowMs } = clock;
    const timeoutMs = settings.values.timeout * 1000;
    for (const connection of [...this.#connections]) {
      const { client } = connection.context;
      if (client.closing) continue;
      // Who listens may well have nothing to say.
      const waits = client.relaying !== undefined && client.relaying.outstanding > 0;
      const mayBeIdle = connection.paused || waits || client.monitoring || client.subscriptions !== undefined;
      if (timeoutMs > 0 && !mayBeIdle && nowMs - client.lastActiveMs > timeoutMs) {
        this.letGo(connection, `idle for more than ${settings.values.timeout} seconds`);
      } else if (connection.pendingBytes > 0) {
        this.checkOutput(connection);
      }
    }
  }
}
