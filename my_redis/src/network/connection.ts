import type { ChannelReader, ClientChannel, Encrypted, RawChannel } from "../dispatch/client-channel.ts";
import { ByteQueue } from "../memory/byte-queue.ts";
import type { Context } from "../dispatch/context.ts";
import { RequestParser, type RequestLimits } from "../protocol/request-parser.ts";
import type { OutputWatch } from "./output-limits.ts";
import { receivedBytes } from "./socket-calls.ts";
import type { TransportSocket } from "./transport.ts";
import type { ReplySink } from "./turn-output.ts";

/** Most clients read their replies at once: a buffer for unread replies exists only while there are any. */
const pendingOptions = { initialBytes: 0, keptBytes: 0 };

/**
 * Replies of this size are not compared with the output limit. As in redis-server, where they lie in a buffer that every
 * client has.
 */
const uncountedBytes = 16 * 1024;

/** From a client with more unread output than this, no further requests are read. */
const pauseReadingBytes = 64 * 1024 * 1024;

/** The calls of a connection to the server that owns it. */
export interface ConnectionOwner {
  /** Runs requests that were held back. */
  continueReading(connection: Connection): void;
  /** Sends the client the replies of this turn, then closes the connection. */
  endAfterTurn(connection: Connection): void;
  /**
   * The client is disconnected, at once or after the replies that it has been given. It must get nothing more, and no
   * data may be taken for it, since that would be lost.
   */
  forget(connection: Connection): void;
  /** The client is about to have so much unread output: disconnects it when that exceeds the limit. */
  checkOutput(connection: Connection, unreadBytes: number): void;
  /** The client takes more memory, because it leaves output unread. */
  checkMemory(connection: Connection): void;
}

/** One client's socket, with its request parser on one side and its unread output on the other. */
export class Connection implements ReplySink, ClientChannel, OutputWatch {
  aboveSoftSinceMs: number | undefined;
  readonly parser: RequestParser;
  context!: Context;
  /** The client is blocked, or must first read its replies: further requests are kept, and not run. */
  paused = false;
  closed = false;
  /** The client has closed its side: nothing more comes from it, but it may still read. */
  hasSentAll = false;
  /** It came over the administration port. */
  isAdministrative = false;
  /** Its requests run at once, however long the turn takes already. */
  neverWaits = false;
  /** It waits for a later turn, and nothing is read from it by the runtime. */
  waitsForTurn = false;
  /** Bytes with which it waits for a later turn. */
  waitingBytes = 0;
  /** Since when it waits, in milliseconds of the monotonic clock. */
  waitingSinceMs = 0;
  /** More of its input probably lies in the system, so that `receive` is worth a call. */
  hasMoreInput = false;
  /** All that was read from it has run: its turn begins with `receive`. */
  isRunOut = false;
  /** Set when the connection serves a node instead of a client. */
  reader: ChannelReader | undefined;
  readonly #socket: TransportSocket;
  readonly #owner: ConnectionOwner;
  readonly #pending = new ByteQueue(pendingOptions);
  /** Bytes of replies that wait for the log. */
  #parkedBytes = 0;
  #closeWhenSent = false;
  #killed = false;
  #stopped = false;
  /** Nothing is read until all replies are sent. */
  #mustDrain = false;
  /** Nothing is read because the input of other clients waits already. */
  #isHeldUp = false;

  constructor(socket: TransportSocket, owner: ConnectionOwner, limits: RequestLimits) {
    this.#socket = socket;
    this.#owner = owner;
    this.parser = new RequestParser(limits);
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress;
  }

  get localAddress(): string {
    return this.#socket.localAddress;
  }

  get encrypted(): Encrypted {
    return this.#socket.encrypted;
  }

  get pendingBytes(): number {
    return this.#killed ? 0 : this.unreadBytes + this.#parkedBytes;
  }

  /** Bytes of replies that are only held up by the client. */
  get unreadBytes(): number {
    return this.#pending.length + this.#socket.bufferedBytes;
  }

  /** Replies wait for the log. */
  get isParked(): boolean {
    return this.#parkedBytes > 0;
  }

  get heldBytes(): number {
    return this.parser.keptBytes;
  }

  get receivedBytes(): number {
    return this.parser.unfinishedBytes;
  }

  park(bytes: number): void {
    this.#parkedBytes += bytes;
    this.#socket.park?.(bytes);
    if (this.closed || this.#killed) return;
    if (bytes > 0) {
      const countedBytes = this.pendingBytes - uncountedBytes;
      if (countedBytes > 0) this.#owner.checkOutput(this, countedBytes);
      if (!this.#killed) this.#owner.checkMemory(this);
    } else if (this.#mustDrain && !this.isParked) {
      // Not at once: these replies are sent first, and without unread output no other event comes.
      setImmediate(() => this.#continueIfDrained());
    }
  }

  #continueIfDrained(): void {
    if (this.#mustDrain && this.#pending.length === 0 && !this.isParked && !this.closed) this.drain();
  }

  send(bytes: Uint8Array<ArrayBuffer>, start: number, end: number, isGivenUp: boolean): void {
    if (this.closed || this.#killed) return;
    const { length } = this.#pending;
    // The limit holds for replies before they are sent, since a client that reads fast may still ask for too much.
    const countedBytes = this.pendingBytes + end - start - uncountedBytes;
    if (countedBytes > 0) {
      this.#owner.checkOutput(this, countedBytes);
      if (this.#killed) return;
    }
    const taken = length > 0 ? 0 : this.#socket.write(bytes, start, end);
    if (taken < end - start) this.#keep(bytes, { start: start + taken, end, isGivenUp });
    if (this.pendingBytes === 0) this.aboveSoftSinceMs = undefined;
    else this.#owner.checkMemory(this);
  }

  /**
   * A copy of a long reply takes as long as the command itself. A small part would keep all of the array in memory, and
   * only one sink may keep it: what this client gets later is appended behind its range, over those of others.
   */
  #keep(bytes: Uint8Array<ArrayBuffer>, rest: { start: number; end: number; isGivenUp: boolean }): void {
    const { start, end, isGivenUp } = rest;
    if (isGivenUp && this.#pending.length === 0 && end - start > bytes.length / 2) {
      this.#pending.adopt(bytes, start, end);
    } else this.#pending.append(bytes, start, end);
  }

  /** The socket takes bytes again. */
  drain(): void {
    if (this.#pending.length > 0) {
      const pending = this.#pending;
      pending.take(this.#socket.write(pending.bytes, pending.start, pending.end));
      // Reading is a sign of life.
      const { client, server } = this.context;
      server.clock.update();
      client.lastActiveMs = server.clock.monotonicMs;
      if (pending.length > 0) return;
    }
    // Otherwise the next long reply would count as if the client had read nothing since.
    if (this.pendingBytes === 0) this.aboveSoftSinceMs = undefined;
    if (this.#closeWhenSent) {
      this.#socket.end();
      return;
    }
    if (this.reader !== undefined) {
      this.reader.drain();
      return;
    }
    if (this.#mustDrain && this.isParked) return;
    this.#mustDrain = false;
    this.startReading();
    this.#owner.continueReading(this);
  }

  closeAfterReplies(): void {
    this.context.client.closing = true;
    this.#owner.forget(this);
    this.#owner.endAfterTurn(this);
  }

  beforeEnd(): void {
    if (!this.closed) this.#socket.holdForEnd();
  }

  hasEnded(): boolean {
    return this.closed || this.#socket.hasEnded();
  }

  /** Closes now if nothing is left to send; else `drain` will. */
  finish(): void {
    this.context.client.closing = true;
    this.#closeWhenSent = true;
    if (this.#pending.length === 0 && !this.closed) this.#socket.end();
  }

  /** Nothing is read from the client until it has read its replies. */
  get mustDrain(): boolean {
    return this.#mustDrain;
  }

  /** Whether the client must read its replies before it is served further. If so, nothing more is read from it. */
  mustReadFirst(): boolean {
    if (this.pendingBytes <= pauseReadingBytes) return false;
    this.#mustDrain = true;
    this.stopReading();
    return true;
  }

  /** Reads nothing more from the client until `startReading`. */
  stopReading(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#socket.pause();
  }

  /** Reads nothing more from the client while the input of other clients waits. */
  holdInput(isHeld: boolean): void {
    this.#isHeldUp = isHeld;
    if (isHeld) this.stopReading();
    else this.startReading();
  }

  /** Undoes `stopReading`, unless there is another reason for it: then the end of that reason does. */
  startReading(): void {
    if (!this.#stopped || this.closed || this.hasSentAll) return;
    if (this.#mustDrain || this.#isHeldUp || this.waitsForTurn) return;
    this.#stopped = false;
    this.#socket.resume();
  }

  /**
   * Reads some more of its input into `receivedBytes`, while the runtime reads nothing from it; gives the number of bytes.
   */
  receive(): number {
    const isHeld = this.#mustDrain || this.#isHeldUp || this.paused;
    const isOver = this.closed || this.context.client.closing || this.reader !== undefined;
    const size = isHeld || isOver ? 0 : this.#socket.receive();
    this.hasMoreInput = size === receivedBytes.length;
    return size;
  }

  /** Its input of this chunk has run, or was copied. */
  free(chunk: Uint8Array): void {
    this.#socket.free?.(chunk);
  }

  /** 0 for never, which is how a socket begins. */
  keepAlive(seconds: number): void {
    if (seconds > 0) this.#socket.keepAlive(seconds);
  }

  terminate(): void {
    this.#socket.terminate();
  }

  kill(): void {
    this.context.client.closing = true;
    this.#pending.clear();
    this.#killed = true;
    this.#owner.forget(this);
    this.#socket.drop();
  }

  unread(requests: Uint8Array): void {
    this.parser.unread(requests);
  }

  takeOver(reader: ChannelReader): RawChannel {
    this.reader = reader;
    // Stops the reading of requests: the connection serves no client any more.
    this.paused = true;
    const socket = this.#socket;
    return {
      // Takes nothing until the client's own remaining output has been sent.
      write: (bytes, start, end) => (this.#pending.length > 0 ? 0 : socket.write(bytes, start, end)),
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      terminate: () => socket.terminate(),
    };
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.#owner.continueReading(this);
  }
}
