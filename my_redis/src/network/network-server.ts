import type { CronNetwork } from "../cron.ts";
import type { Client } from "../dispatch/client.ts";
import { Arguments } from "../protocol/arguments.ts";
import type { RequestLimits } from "../protocol/request-parser.ts";
import type { ReplyWriter } from "../protocol/reply-writer.ts";
import type { Server } from "../server.ts";
import { ClientLimits } from "./client-limits.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";
import { requestLimits } from "./request-limits.ts";
import type { Listen, Listener, TransportHandlers, TransportSocket } from "./transport.ts";
import { type ReplySink, TurnOutput } from "./turn-output.ts";

/** A client that does not take his replies is not read further above this many bytes. */
const pauseReadingBytes = 64 * 1024 * 1024;
/** Replies are sent when this much has gathered, without waiting for the end of the turn. */
const sendEarlyBytes = 1024 * 1024;

/** When the turn's log bytes are safe enough for its replies to be sent. */
export interface LogDurability {
  /** Calls back, at once where nothing needs waiting for; with false when the turn must not be acknowledged. */
  whenSafe(callback: (safe: boolean) => void): void;
}

/** Connects clients to a server: reads requests, runs them, and sends the replies of a turn together. */
export class NetworkServer implements ConnectionOwner, CronNetwork {
  readonly #server: Server;
  /** One object for all connections, so that CONFIG SET reaches those that are open. */
  readonly #limits: RequestLimits;
  readonly #args = new Arguments();
  readonly #connections = new Set<Connection>();
  readonly #clientLimits: ClientLimits;
  #output = new TurnOutput();
  readonly #spareOutputs: TurnOutput[] = [];
  #flushScheduled = false;
  #running = false;
  /** Replies are being handed over; what they bring about for other nodes leaves right after them. */
  #sending = false;
  #stopped = false;
  #onLastClosed: () => void = () => {};
  readonly #listeners: Listener[] = [];
  durability: LogDurability | undefined;
  /** Called when the requests of a turn have run, and again when its replies have been handed over. */
  onTurnEnd: () => void = () => {};

  constructor(server: Server) {
    this.#server = server;
    this.#limits = requestLimits(server.settings);
    this.#clientLimits = new ClientLimits(server, this.#connections);
    server.outOfTurn = {
      to: (client, write) => this.#writeOutOfTurn(client, write),
      raw: (client, bytes, start, end) => this.#writeRaw(client, bytes, start, end),
    };
  }

  /** Accepts clients at this address; gives the port. */
  async listen(listen: Listen, host: string, port: number): Promise<number> {
    const handlers: TransportHandlers<Connection> = {
      open: (socket) => this.#open(socket),
      data: (connection, chunk) => this.#data(connection, chunk),
      drain: (connection) => connection.drain(),
      close: (connection) => this.#close(connection),
    };
    const listener = await listen({ host, port }, handlers);
    this.#listeners.push(listener);
    return listener.port;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Accepts nobody any more, runs no further request, and hands what was answered to the log and the sockets. */
  stop(): void {
    for (const listener of this.#listeners) listener.close();
    this.#stopped = true;
    this.#flush();
  }

  /** Lets everybody go once he has taken his replies; whoever has not after `graceMs` is cut off. */
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

  #open(socket: TransportSocket): Connection {
    const server = this.#server;
    const values = server.settings.values;
    const connection = new Connection(socket, this, this.#limits);
    server.updateClock();
    server.statistics.connectionsReceived++;
    connection.context = server.addClient(connection);
    connection.parser.authenticated = connection.context.client.authenticated;
    this.#connections.add(connection);
    if (values["tcp-keepalive"] > 0) connection.keepAlive(values["tcp-keepalive"]);
    const refusal = this.#clientLimits.refusalOf(connection);
    if (refusal !== undefined) {
      server.statistics.connectionsRejected++;
      connection.context.client.closing = true;
      // Not before the transport knows whose socket it is: closing may call back at once.
      setImmediate(() => this.#refuse(connection, refusal));
    }
    return connection;
  }

  /** Answers one error and closes. */
  #refuse(connection: Connection, message: string): void {
    if (connection.closed) return;
    this.#output.switchTo(connection);
    this.#server.processor.writeError(this.#output.writer, message);
    connection.closeAfterReplies();
    this.#endTurn();
  }

  #data(connection: Connection, chunk: Uint8Array): void {
    if (connection.reader !== undefined) {
      connection.reader.data(chunk);
      return;
    }
    if (connection.context.client.closing || this.#stopped) return;
    const { statistics } = this.#server;
    statistics.netInputBytes += chunk.length;
    statistics.reads++;
    if (!connection.parser.feed(chunk)) {
      this.#server.statistics.queryLimitDisconnections++;
      this.#clientLimits.letGo(connection, "a request longer than client-query-buffer-limit");
      return;
    }
    this.#run(connection);
  }

  /** A client of another node, for whom requests come over a link. */
  openSession(socket: TransportSocket): Connection {
    const connection = new Connection(socket, this, this.#limits);
    connection.context = this.#server.addClient(connection, "relayed");
    this.#server.relayedClients++;
    return connection;
  }

  /** Runs the requests in bytes[start, end) of a session. */
  runSession(connection: Connection, bytes: Uint8Array, start: number, end: number): void {
    if (connection.context.client.closing || this.#stopped) return;
    if (connection.parser.feed(bytes, start, end)) this.#run(connection);
    else this.#clientLimits.letGo(connection, "requests longer than client-query-buffer-limit");
  }

  endSession(connection: Connection): void {
    if (connection.closed) return;
    this.#server.relayedClients--;
    connection.closed = true;
    this.#server.removeClient(connection.context);
  }

  /** Does something for several clients in one turn, as their requests do. */
  inTurn(work: () => void): void {
    const inTurn = this.#running;
    this.#running = true;
    try {
      this.#server.updateClock();
      work();
    } finally {
      this.#running = inTurn;
      if (!inTurn) this.#endTurn();
    }
  }

  /** Writes to somebody who is no client, within a turn: it leaves with the replies of the turn, and as safe. */
  writeTo(sink: ReplySink, write: (writer: ReplyWriter) => void): void {
    const before = this.#output.switchTo(sink);
    write(this.#output.writer);
    this.#output.switchTo(before);
  }

  continueReading(connection: Connection): void {
    // A client is released while another's command runs: his requests wait for the next turn.
    if (this.#running) setImmediate(() => this.#run(connection));
    else this.#run(connection);
  }

  endAfterTurn(connection: Connection): void {
    this.#output.endAfterTurn(connection);
    if (!this.#running) this.#endTurn();
  }

  forget({ context }: Connection): void {
    this.#server.blocking.forget(context);
    this.#server.pause.forget(context);
  }

  checkOutput(connection: Connection): void {
    this.#clientLimits.checkOutput(connection);
  }

  checkClients(): void {
    this.#clientLimits.checkAll();
  }

  /** Ends a turn that no client began: a timer's. */
  finishTurn(): void {
    if (!this.#running && !this.#sending) this.#endTurn();
  }

  /** Runs what the parser holds, until it is used up or the client has to wait. */
  #run(connection: Connection): void {
    if (connection.closed || this.#running) return;
    const server = this.#server;
    const args = this.#args;
    const parser = connection.parser;
    const context = connection.context;
    const client = context.client;
    if (this.#leavesTooMuch(connection)) {
      parser.keepRest(args);
      return;
    }
    server.updateClock();
    client.lastActiveMs = server.nowMs;
    this.#running = true;
    this.#output.switchTo(connection);
    try {
      this.#runRequests(connection);
    } catch (error) {
      // No command may throw beyond the processor. Should one do so, its client pays for it and nobody else.
      server.environment.report("error", `a request of client ${client.id} failed outside of its command`, error);
      this.#clientLimits.letGo(connection, "its request met an internal error");
    }
    parser.keepRest(args);
    this.#running = false;
    this.#clientLimits.checkMemory(connection);
    this.#endTurn();
  }

  #runRequests(connection: Connection): void {
    const { parser } = connection;
    const { client } = connection.context;
    const args = this.#args;
    while (!connection.paused && !client.closing) {
      const result = parser.next(args);
      if (result === "request") this.#execute(connection, args);
      else if (result === "error") this.#protocolError(connection, parser.error);
      else if (result === "incomplete") break;
      if (this.#output.bytes > sendEarlyBytes) {
        this.#flush();
        this.#output.switchTo(connection);
        if (this.#leavesTooMuch(connection)) break;
      }
    }
  }

  /** Whether a client has to take his replies before he is served further; then nothing more is read from him. */
  #leavesTooMuch(connection: Connection): boolean {
    if (connection.pendingBytes <= pauseReadingBytes) return false;
    connection.stopReading();
    return true;
  }

  #execute(connection: Connection, args: Arguments): void {
    const context = connection.context;
    const client = context.client;
    this.#server.processor.process(context, args, this.#output.writer);
    connection.parser.authenticated = client.authenticated;
  }

  #protocolError(connection: Connection, message: string): void {
    // Not before what other nodes have been asked for him.
    if (connection.context.client.relaying?.mustWait() === true) return;
    this.#output.writer.protocol = connection.context.client.protocol;
    this.#server.processor.writeError(this.#output.writer, message);
    connection.closeAfterReplies();
  }

  #writeOutOfTurn(client: Client, write: (reply: ReplyWriter) => void): void {
    const connection = client.channel as Connection;
    const before = this.#output.switchTo(connection);
    const writer = this.#output.writer;
    const { protocol } = writer;
    const inTurn = this.#running;
    // What is written may make others be answered, too: the turn ends once, after all of it.
    this.#running = true;
    try {
      writer.protocol = client.protocol;
      write(writer);
    } finally {
      connection.parser.authenticated = client.authenticated;
      writer.protocol = protocol;
      this.#output.switchTo(before);
      this.#running = inTurn;
      if (!inTurn) this.#endTurn();
    }
  }

  #writeRaw(client: Client, bytes: Uint8Array, start: number, end: number): void {
    const before = this.#output.switchTo(client.channel as Connection);
    this.#output.writer.raw(bytes, start, end);
    this.#output.switchTo(before);
    if (!this.#running) this.#endTurn();
  }

  /**
   * The replies of a turn go out together at its end, after its log: one write of the log for all clients. Without a log
   * it pays as well (measured at 0.83 of the CPU time per request, unpipelined), since the system is asked for events
   * when more of them have gathered.
   */
  #endTurn(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    setImmediate(this.#flushScheduledTurn);
  }

  readonly #flushScheduledTurn = (): void => {
    this.#flushScheduled = false;
    this.#flush();
  };

  #flush(): void {
    const output = this.#output;
    this.#server.log?.flush();
    this.onTurnEnd();
    if (output.isEmpty) return;
    if (this.durability === undefined) {
      this.#send(output);
      return;
    }
    this.#output = this.#spareOutputs.pop() ?? new TurnOutput();
    this.durability.whenSafe((safe) => {
      if (safe) this.#send(output);
      // A client whose outcome is not known is better told nothing: to him the connection broke.
      else output.discard();
      this.#spareOutputs.push(output);
    });
  }

  #send(output: TurnOutput): void {
    const { statistics } = this.#server;
    statistics.netOutputBytes += output.bytes;
    this.#sending = true;
    try {
      statistics.writes += output.send();
    } finally {
      this.#sending = false;
    }
    this.onTurnEnd();
  }

  #close(connection: Connection): void {
    connection.closed = true;
    connection.reader?.closed();
    this.#connections.delete(connection);
    this.#clientLimits.forget(connection);
    this.#server.removeClient(connection.context);
    if (this.#connections.size === 0) this.#onLastClosed();
  }
}
