import type { Services } from "../dispatch/context.ts";
import { Arguments } from "../protocol/arguments.ts";
import type { RequestLimits } from "../protocol/request-parser.ts";
import { Arrivals } from "./arrivals.ts";
import { ClientLimits, tooManyClients } from "./client-limits.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";
import { Guests } from "./guests.ts";
import { isAnswered } from "./is-answered.ts";
import { Overload } from "./overload.ts";
import { receiveInput } from "./receive-input.ts";
import { requestLimits } from "./request-limits.ts";
import { OpenConnections } from "./open-connections.ts";
import { OpenListeners, type PortPurpose } from "./open-listeners.ts";
import { StandIn } from "./stand-in.ts";
import { receivedBytes } from "./socket-calls.ts";
import type { Encryption } from "./tls/encryption.ts";
import { TlsEntrance } from "./tls/tls-entrance.ts";
import type { Listen, TransportHandlers, TransportSocket } from "./transport.ts";
import type { Turn } from "./turn.ts";
import { TurnShares } from "./turn-shares.ts";

/** Replies are sent when this much has gathered, without waiting for the end of the turn. */
const sendEarlyBytes = 1024 * 1024;
/** A request of a command that counts as short is so with at most this many arguments and bytes of reply. */
const plainArguments = 16;
const plainOutputBytes = 16 * 1024;

/** Connects clients to a server: reads requests, runs them, and sends the replies of a turn together. */
export class NetworkServer implements ConnectionOwner {
  readonly #server: Services;
  readonly #turn: Turn;
  /** One object for all connections, so that CONFIG SET reaches open ones as well. */
  readonly #limits: RequestLimits;
  readonly #args = new Arguments();
  readonly #connections = new OpenConnections();
  readonly #clientLimits: ClientLimits;
  readonly #shares: TurnShares;
  readonly #overload: Overload;
  readonly #entrance: TlsEntrance;
  readonly #arrivals = new Arrivals<Connection>((connection) => this.#setUp(connection));
  #stopped = false;
  readonly #listeners: OpenListeners;

  /** `turn` must be the one through which `server` answers clients outside of their own requests. */
  constructor(server: Services, turn: Turn, encryption: Encryption) {
    this.#server = server;
    this.#turn = turn;
    this.#limits = requestLimits(server.settings);
    this.#entrance = new TlsEntrance(server, encryption, () => this.#clientLimits.hasRoom);
    this.#clientLimits = new ClientLimits(server, this.#connections, () => this.#entrance.handshakes.count);
    this.#overload = new Overload({ server, isExempt: ({ client }) => (client.channel as Connection).neverWaits });
    this.#shares = new TurnShares({
      monotonicMs: server.environment.monotonicMs,
      turnMs: () => server.settings.values["client-turn-ms"],
      limitBytes: () => server.settings.values["client-waiting-limit"],
      run: (connection) => {
        if (!this.#stopped) this.#runWaiting(connection);
      },
      holdInput: (isHeld) => this.#connections.holdInput(isHeld),
      noteLongestWait: (waitMs) => this.#overload.note(waitMs),
    });
    turn.onEnd(() => this.#shares.endTurn());
    this.#listeners = new OpenListeners(server.environment.report);
    const guests = new Guests({
      ...{ server, listeners: this.#listeners, isStopped: () => this.#stopped },
      open: (socket, isAdministrative) => this.#open(socket, isAdministrative, true),
      close: (connection) => this.#close(connection),
    });
    server.scripts.serveWhileStuck(new StandIn(guests, server.environment));
    server.info.add("clients", () => [
      ["admin_clients", this.#clientLimits.administrativeCount],
      ["clients_arriving", this.#arrivals.waitingCount],
      ...this.#shares.infoLines,
      ...this.#overload.infoLines,
    ]);
  }

  /** Accepts clients at this address; returns the port. For local clients `host` is the path of a Unix socket. */
  async listen(listen: Listen, host: string, port: number, purpose: PortPurpose = "clients"): Promise<number> {
    const handlers: TransportHandlers<Connection> = {
      open: (socket) => this.#open(socket, purpose === "administration"),
      data: (connection, chunk) => this.#data(connection, chunk),
      drain: (connection) => connection.drain(),
      end: (connection) => this.#end(connection),
      close: (connection) => this.#close(connection),
    };
    const tls = purpose === "encrypted clients" ? { tls: this.#entrance } : {};
    return this.#listeners.open({ host, port, purpose }, (address) => listen({ ...address, ...tls }, handlers));
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Accepts no more clients, runs no further request, and hands the pending replies to the log and the sockets. */
  stop(): void {
    this.#listeners.stop();
    this.#entrance.handshakes.stop();
    this.#arrivals.stop();
    this.#shares.finish();
    this.#stopped = true;
    this.#turn.flush();
  }

  /**
   * Closes each connection once its client has read its replies; after `graceMs` the remaining ones are closed at once.
   */
  disconnectAll(graceMs: number): Promise<void> {
    return this.#connections.disconnectAll(graceMs);
  }

  #open(socket: TransportSocket, isAdministrative: boolean, isSetUpNow = isAdministrative): Connection {
    const connection = new Connection(socket, this, this.#limits);
    connection.isAdministrative = isAdministrative;
    connection.neverWaits = isAdministrative;
    if (isSetUpNow) this.#setUp(connection);
    else this.#arrivals.add(connection);
    return connection;
  }

  #setUp(connection: Connection): void {
    const server = this.#server;
    const { statistics } = server.observers;
    server.clock.update();
    statistics.connectionsReceived++;
    connection.context = server.clients.add(connection);
    connection.parser.authenticated = connection.context.client.authenticated;
    this.#connections.add(connection);
    connection.keepAlive(server.settings.values["tcp-keepalive"]);
    const refusal = this.#refusalOf(connection);
    if (refusal === undefined) {
      if (this.#shares.isFull && !connection.neverWaits) setImmediate(() => this.#shares.holdIfFull(connection));
      return this.#endIfAnswered(connection);
    }
    statistics.connectionsRejected++;
    connection.context.client.closing = true;
    // Not before the transport has stored the connection: closing may call back at once.
    setImmediate(() => this.#refuse(connection, refusal));
  }

  #refusalOf(connection: Connection): string | undefined {
    const refusal = this.#clientLimits.refusalOf(connection);
    if (refusal !== undefined || connection.neverWaits || !this.#overload.refusesConnections) return refusal;
    this.#server.observers.statistics.overloadRefusedConnections++;
    return tooManyClients;
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
    if (connection.reader !== undefined) return connection.reader.data(chunk);
    if (connection.context.client.closing || this.#stopped) return;
    if (!this.#feed(connection, chunk, chunk.length)) return;
    if (this.#shares.mayRun(connection)) this.#run(connection);
    else this.#wait(connection);
    connection.free(chunk);
  }

  /** Gives the parser the first `size` bytes of a chunk. False: the client sends too much, and is disconnected. */
  #feed(connection: Connection, chunk: Uint8Array, size: number): boolean {
    const { statistics } = this.#server.observers;
    statistics.netInputBytes += size;
    statistics.reads++;
    if (connection.parser.feed(chunk, 0, size)) return true;
    statistics.queryLimitDisconnections++;
    this.#clientLimits.disconnect(connection, "a request longer than client-query-buffer-limit");
    return false;
  }

  /**
   * Runs requests of a client that has waited. Once its input has run, more is read here, a small piece for each turn. The
   * runtime would read up to 512 KiB, which would have to be kept until it has run.
   */
  #runWaiting(connection: Connection): void {
    const feed = (size: number): boolean => this.#feed(connection, receivedBytes, size);
    if (connection.isRunOut && !receiveInput(connection, this.#args, feed)) return this.#endIfAnswered(connection);
    this.#run(connection);
  }

  /** The client's input is kept until a later turn. */
  #wait(connection: Connection): void {
    connection.parser.keepRest(this.#args);
    this.#shares.wait(connection);
    this.#clientLimits.checkMemory(connection);
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

  endSession(connection: Connection): void {
    if (connection.closed) return;
    connection.closed = true;
    this.#server.clients.remove(connection.context);
  }

  continueReading(connection: Connection): void {
    if (this.#shares.isWaiting(connection)) return;
    // A client may be released while another client's command runs: its requests wait for the next turn.
    if (this.#turn.isRunning) setImmediate(() => this.#runKept(connection));
    else this.#runKept(connection);
  }

  /** Runs the requests that were kept, in this turn or, when its time is used up, in a later one. */
  #runKept(connection: Connection): void {
    if (connection.closed || connection.paused) return;
    if (connection.heldBytes === 0) this.#endIfAnswered(connection);
    else if (this.#shares.mayRun(connection)) this.#run(connection);
    else this.#wait(connection);
  }

  /** The client has closed its side. What it has asked for before is answered. */
  #end(connection: Connection): void {
    connection.hasSentAll = true;
    // It is looked at again when it is set up.
    if (this.#arrivals.isWaiting(connection)) return;
    if (connection.reader !== undefined) return connection.terminate();
    this.#endIfAnswered(connection);
  }

  /** Closes the connection of a client that has closed its side, unless requests of it are still to be answered. */
  #endIfAnswered(connection: Connection): void {
    if (!connection.hasSentAll || connection.closed || connection.context.client.closing) return;
    const isWaiting = this.#shares.isWaiting(connection);
    if (!isWaiting && isAnswered(connection, this.#server.pause)) connection.closeAfterReplies();
  }

  endAfterTurn(connection: Connection): void {
    this.#turn.endAfterTurn(connection);
  }

  forget(connection: Connection): void {
    this.#shares.leave(connection);
    this.#server.blocking.forget(connection.context);
    this.#server.pause.forget(connection.context);
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
    if (connection.mustReadFirst()) {
      connection.parser.keepRest(this.#args);
      this.#clientLimits.checkMemory(connection);
      return;
    }
    server.clock.update();
    client.lastActiveMs = server.clock.monotonicMs;
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
    else this.#endIfAnswered(connection);
    this.#clientLimits.checkMemory(connection);
  }

  #runRequests(connection: Connection): "share used up" | "no more to run" {
    const { context, parser } = connection;
    const { client } = context;
    const args = this.#args;
    const turn = this.#turn;
    const shares = this.#shares;
    // Above maxmemory each request may evict keys first, for as long as maxmemory-eviction-tenacity allows.
    const mayEvict = this.#server.memoryLimit.currentExcessMs > 0;
    shares.beginShare();
    while (!connection.paused && !client.closing) {
      const outputStart = turn.bytes;
      const result = parser.next(args);
      if (result === "request") this.#execute(connection, args);
      else if (result === "error") this.#protocolError(connection);
      else if (result === "incomplete") break;
      const outputEnd = turn.bytes;
      const isPlain = args.count <= plainArguments && outputEnd - outputStart <= plainOutputBytes;
      const mayBeLong = mayEvict || client.lastCommand?.isBrief === false || !isPlain;
      if (outputEnd > sendEarlyBytes) {
        turn.flush();
        turn.switchTo(connection);
        if (connection.mustReadFirst()) break;
      }
      if (shares.isUsedUp(connection, mayBeLong) && !connection.paused && !client.closing) return "share used up";
    }
    return "no more to run";
  }

  #execute(connection: Connection, args: Arguments): void {
    const { context } = connection;
    this.#server.processor.process(context, args, this.#turn.writer);
    connection.parser.authenticated = context.client.authenticated;
  }

  #protocolError(connection: Connection): void {
    const { context, parser } = connection;
    const { client } = context;
    // The outstanding replies of other nodes come first.
    if (client.relaying?.pauseUntilAnswered() === "held") return;
    if (parser.isTls) this.#entrance.missedBy(connection.remoteAddress);
    const { writer } = this.#turn;
    writer.protocol = client.protocol;
    this.#server.processor.writeError(writer, parser.error);
    connection.closeAfterReplies();
  }

  #close(connection: Connection): void {
    connection.closed = true;
    if (this.#arrivals.forget(connection)) return;
    connection.reader?.closed();
    this.#connections.delete(connection);
    this.#shares.leave(connection);
    this.#clientLimits.forget(connection);
    this.#server.clients.remove(connection.context);
  }
}
