import type { Services } from "../dispatch/context.ts";
import { Arguments } from "../protocol/arguments.ts";
import { ReplyWriter } from "../protocol/reply-writer.ts";
import type { RequestLimits } from "../protocol/request-parser.ts";
import { ClientLimits } from "./client-limits.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";
import { requestLimits } from "./request-limits.ts";
import { OpenListeners, type PortPurpose } from "./open-listeners.ts";
import { StandIn, type StandInServer } from "./stand-in.ts";
import type { Listen, TransportHandlers, TransportSocket } from "./transport.ts";
import type { Turn } from "./turn.ts";
import { TurnShares } from "./turn-shares.ts";

/** From a client with more unread output than this, no further requests are read. */
const pauseReadingBytes = 64 * 1024 * 1024;
/** Replies are sent when this much has gathered, without waiting for the end of the turn. */
const sendEarlyBytes = 1024 * 1024;

/** Connects clients to a server: reads requests, runs them, and sends the replies of a turn together. */
export class NetworkServer implements ConnectionOwner, StandInServer<Connection> {
  readonly #server: Services;
  readonly #turn: Turn;
  /** One object for all connections, so that CONFIG SET reaches open ones as well. */
  readonly #limits: RequestLimits;
  readonly #args = new Arguments();
  readonly #connections = new Set<Connection>();
  readonly #clientLimits: ClientLimits;
  readonly #shares: TurnShares;
  #stopped = false;
  #onLastClosed: () => void = () => {};
  readonly #listeners: OpenListeners;

  /** `turn` must be the one through which `server` answers clients outside of their own requests. */
  constructor(server: Services, turn: Turn) {
    this.#server = server;
    this.#turn = turn;
    this.#limits = requestLimits(server.settings);
    this.#clientLimits = new ClientLimits(server, this.#connections);
    this.#shares = new TurnShares({
      monotonicMs: server.environment.monotonicMs,
      turnMs: () => server.settings.values["client-turn-ms"],
      run: (connection) => {
        if (!this.#stopped) this.#run(connection);
      },
    });
    turn.onEnd(() => this.#shares.endTurn());
    this.#listeners = new OpenListeners(server.environment.report);
    server.scripts.serveWhileStuck(new StandIn(this, server.environment));
    server.info.add("clients", () => [
      ["admin_clients", this.#clientLimits.administrativeCount],
      ["clients_waiting_for_turn", this.#shares.waitingCount],
    ]);
  }

  /** Accepts clients at this address; returns the port. */
  async listen(listen: Listen, host: string, port: number, purpose: PortPurpose = "clients"): Promise<number> {
    const handlers: TransportHandlers<Connection> = {
      open: (socket) => this.#open(socket, purpose === "administration"),
      data: (connection, chunk) => this.#data(connection, chunk),
      drain: (connection) => connection.drain(),
      close: (connection) => this.#close(connection),
    };
    return this.#listeners.open({ host, port, purpose }, (address) => listen(address, handlers));
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Accepts no more clients, runs no further request, and hands the pending replies to the log and the sockets. */
  stop(): void {
    this.#listeners.stop();
    this.#shares.finish();
    this.#stopped = true;
    this.#turn.flush();
  }

  /**
   * Closes each connection once its client has read its replies; after `graceMs` the remaining ones are closed at once.
   */
  disconnectAll(graceMs: number): Promise<void> {
    for (const connection of [...this.#connections]) connection.finish();
    if (this.#connections.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        for (const connection of [...this.#connections]) connection.terminate();
        resolve();
      }, graceMs);
      this.#onLastClosed = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #open(socket: TransportSocket, isAdministrative: boolean): Connection {
    const server = this.#server;
    const values = server.settings.values;
    const connection = new Connection(socket, this, this.#limits);
    connection.isAdministrative = isAdministrative;
    connection.neverWaits = isAdministrative;
    const { statistics } = server.observers;
    server.clock.update();
    statistics.connectionsReceived++;
    connection.context = server.clients.add(connection);
    connection.parser.authenticated = connection.context.client.authenticated;
    this.#connections.add(connection);
    if (values["tcp-keepalive"] > 0) connection.keepAlive(values["tcp-keepalive"]);
    const refusal = this.#clientLimits.refusalOf(connection);
    if (refusal !== undefined) {
      statistics.connectionsRejected++;
      connection.context.client.closing = true;
      // Not before the transport has stored the connection: closing may call back at once.
      setImmediate(() => this.#refuse(connection, refusal));
    }
    return connection;
  }

  /** Answers one error and closes. */
  #refuse(connection: Connection, message: string): void {
    if (connection.closed) return;
    this.#turn.switchTo(connection);
    this.#server.processor.writeError(this.#turn.writer, message);
    connection.closeAfterReplies();
    this.#turn.end();
  }

  #data(connection: Connection, chunk: Uint8Array): void {
    if (connection.reader !== undefined) {
      connection.reader.data(chunk);
      return;
    }
    if (connection.context.client.closing || this.#stopped) return;
    const { statistics } = this.#server.observers;
    statistics.netInputBytes += chunk.length;
    statistics.reads++;
    if (!connection.parser.feed(chunk)) {
      statistics.queryLimitDisconnections++;
      this.#clientLimits.disconnect(connection, "a request longer than client-query-buffer-limit");
      return;
    }
    if (this.#shares.mayRun(connection)) this.#run(connection);
    else this.#wait(connection);
  }

  /** The client's input is kept until a later turn. */
  #wait(connection: Connection): void {
    connection.parser.keepRest(this.#args);
    this.#shares.wait(connection);
  }

  /** A client of another node, whose requests come over a link. */
  openSession(socket: TransportSocket): Connection {
    const connection = new Connection(socket, this, this.#limits);
    // Its client waits at its own node.
    connection.neverWaits = true;
    connection.context = this.#server.clients.addSession(connection);
    return connection;
  }

  /** Runs the requests in bytes[start, end) of a session. */
  runSession(connection: Connection, bytes: Uint8Array, start: number, end: number): void {
    if (connection.context.client.closing || this.#stopped) return;
    if (connection.parser.feed(bytes, start, end)) this.#run(connection);
    else this.#clientLimits.disconnect(connection, "requests longer than client-query-buffer-limit");
  }

  get addresses(): OpenListeners["addresses"] {
    return this.#listeners.addresses;
  }

  stopListening(): void {
    this.#listeners.closeAll();
  }

  listenAgain(): void {
    this.#listeners.openAgain();
  }

  openGuest(socket: TransportSocket, address: number): Connection {
    return this.#open(socket, this.#listeners.addresses[address]?.purpose === "administration");
  }

  /** Runs within the command of another client, whose turn and arguments are in use. */
  runGuest(connection: Connection, chunk: Uint8Array): void {
    const { client } = connection.context;
    if (client.closing || this.#stopped || !connection.parser.feed(chunk)) return connection.kill();
    const args = new Arguments();
    const reply = new ReplyWriter();
    while (!client.closing && !connection.paused) {
      const result = connection.parser.next(args);
      if (result === "incomplete") break;
      if (result === "request") this.#server.processor.processWithin(connection.context, args, reply);
      else if (result === "error") {
        this.#server.processor.writeError(reply, connection.parser.error);
        client.closing = true;
      }
      connection.parser.authenticated = client.authenticated;
    }
    connection.parser.keepRest(args);
    connection.send(reply.bytes, 0, reply.length);
    if (client.closing) connection.finish();
  }

  closeGuest(connection: Connection): void {
    this.#close(connection);
  }

  endSession(connection: Connection): void {
    if (connection.closed) return;
    connection.closed = true;
    this.#server.clients.remove(connection.context);
  }

  continueReading(connection: Connection): void {
    if (this.#shares.isWaiting(connection)) return;
    // A client may be released while another client's command runs: its requests wait for the next turn.
    if (this.#turn.isRunning) setImmediate(() => this.#run(connection));
    else this.#run(connection);
  }

  endAfterTurn(connection: Connection): void {
    this.#turn.endAfterTurn(connection);
  }

  forget(connection: Connection): void {
    const { context } = connection;
    this.#shares.leave(connection);
    this.#server.blocking.forget(context);
    this.#server.pause.forget(context);
  }

  checkOutput(connection: Connection, unreadBytes: number): void {
    this.#clientLimits.checkOutput(connection, unreadBytes);
  }

  checkMemory(connection: Connection): void {
    this.#clientLimits.checkMemory(connection);
  }

  checkClients(): void {
    this.#clientLimits.checkAll();
  }

  /** Runs the requests in the parser, until they are used up or the client has to wait. */
  #run(connection: Connection): void {
    if (connection.closed || this.#turn.isRunning) return;
    const server = this.#server;
    const { client } = connection.context;
    if (this.#leavesTooMuch(connection)) {
      connection.parser.keepRest(this.#args);
      return;
    }
    server.clock.update();
    client.lastActiveMs = server.clock.nowMs;
    const outer = this.#turn.enter();
    try {
      this.#runTurn(connection);
    } finally {
      this.#turn.leave(outer);
    }
  }

  #runTurn(connection: Connection): void {
    this.#turn.switchTo(connection);
    let mustWait = false;
    try {
      mustWait = this.#runRequests(connection) === "share used up";
    } catch (error) {
      // No command may throw past the processor. If one does, only its own client is disconnected.
      const { id } = connection.context.client;
      this.#server.environment.report("error", `a request of client ${id} failed outside of its command`, error);
      this.#clientLimits.disconnect(connection, "its request met an internal error");
    }
    connection.parser.keepRest(this.#args);
    if (mustWait && connection.heldBytes > 0) this.#shares.wait(connection);
    this.#clientLimits.checkMemory(connection);
  }

  #runRequests(connection: Connection): "share used up" | "no more to run" {
    const { parser } = connection;
    const { client } = connection.context;
    const args = this.#args;
    const turn = this.#turn;
    const shares = this.#shares;
    shares.beginShare();
    while (!connection.paused && !client.closing) {
      const result = parser.next(args);
      if (result === "request") this.#execute(connection, args);
      else if (result === "error") this.#protocolError(connection, parser.error);
      else if (result === "incomplete") break;
      if (turn.bytes > sendEarlyBytes) {
        turn.flush();
        turn.switchTo(connection);
        if (this.#leavesTooMuch(connection)) break;
      }
      if (shares.isUsedUp(connection) && !connection.paused && !client.closing) return "share used up";
    }
    return "no more to run";
  }

  /** Whether a client must read its replies before it is served further. If so, nothing more is read from it. */
  #leavesTooMuch(connection: Connection): boolean {
    if (connection.pendingBytes <= pauseReadingBytes) return false;
    connection.stopReadingUntilDrained();
    return true;
  }

  #execute(connection: Connection, args: Arguments): void {
    const context = connection.context;
    const client = context.client;
    this.#server.processor.process(context, args, this.#turn.writer);
    connection.parser.authenticated = client.authenticated;
  }

  #protocolError(connection: Connection, message: string): void {
    const { client } = connection.context;
    // The outstanding replies of other nodes come first.
    if (client.relaying?.pauseUntilAnswered() === "held") return;
    const { writer } = this.#turn;
    writer.protocol = client.protocol;
    this.#server.processor.writeError(writer, message);
    connection.closeAfterReplies();
  }

  #close(connection: Connection): void {
    connection.closed = true;
    connection.reader?.closed();
    this.#connections.delete(connection);
    this.#shares.leave(connection);
    this.#clientLimits.forget(connection);
    this.#server.clients.remove(connection.context);
    if (this.#connections.size === 0) this.#onLastClosed();
  }
}
