import type { Services } from "../dispatch/context.ts";
import { Arguments } from "../protocol/arguments.ts";
import { ReplyWriter } from "../protocol/reply-writer.ts";
import type { Connection } from "./connection.ts";
import type { OpenListeners } from "./open-listeners.ts";
import type { StandInServer } from "./stand-in.ts";
import type { TransportSocket } from "./transport.ts";

/** Unfinished requests of a client longer than this are not kept. SCRIPT KILL, SHUTDOWN and AUTH need far less. */
const maxRequestBytes = 1024 * 1024;

export interface GuestsOptions {
  readonly server: Services;
  readonly listeners: OpenListeners;
  /** A new client, set up at once: no later turn begins before the script ends. */
  readonly open: (socket: TransportSocket, isAdministrative: boolean) => Connection;
  readonly close: (connection: Connection) => void;
  readonly isStopped: () => boolean;
}

/** The clients that the stand-in serves, which are clients as all others but for the way of their bytes. */
export class Guests implements StandInServer<Connection> {
  readonly #options: GuestsOptions;

  constructor(options: GuestsOptions) {
    this.#options = options;
  }

  stopListening(): ReturnType<OpenListeners["lendPlain"]> {
    const { listeners } = this.#options;
    listeners.closePlain();
    return listeners.lendPlain();
  }

  listenAgain(): void {
    this.#options.listeners.openAgain();
  }

  openGuest(socket: TransportSocket, address: number): Connection {
    return this.#options.open(socket, this.#options.listeners.plainAddresses[address]?.purpose === "administration");
  }

  /** Runs within the command of another client, whose turn and arguments are in use. */
  runGuest(connection: Connection, chunk: Uint8Array): void {
    const { client } = connection.context;
    if (client.closing || this.#options.isStopped() || !connection.parser.feed(chunk)) return connection.kill();
    const { processor } = this.#options.server;
    const args = new Arguments();
    const reply = new ReplyWriter();
    while (!client.closing && !connection.paused) {
      const result = connection.parser.next(args);
      if (result === "incomplete") break;
      if (result === "request") processor.processWithin(connection.context, args, reply);
      else if (result === "error") {
        processor.writeError(reply, connection.parser.error);
        client.closing = true;
      }
      connection.parser.authenticated = client.authenticated;
    }
    connection.parser.keepRest(args);
    if (connection.heldBytes > maxRequestBytes && !client.closing) this.#refuseLong(connection, reply);
    connection.send(reply.bytes, 0, reply.length, true);
    if (client.closing) connection.finish();
  }

  /** The server would keep all of it until the script ends, although it can answer nothing but BUSY to most requests. */
  #refuseLong({ context, remoteAddress }: Connection, reply: ReplyWriter): void {
    const { environment, processor } = this.#options.server;
    const { client } = context;
    environment.report(
      "warning",
      `client ${client.id} (${remoteAddress}) is disconnected: it has sent over ${maxRequestBytes} bytes of one request ` +
        "while a script cannot be paused",
    );
    processor.writeError(
      reply,
      `BUSY a request of over ${maxRequestBytes} bytes is not accepted while a script cannot be paused`,
    );
    client.closing = true;
  }

  closeGuest(connection: Connection): void {
    this.#options.close(connection);
  }
}
