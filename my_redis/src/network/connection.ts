import type { ChannelReader, ClientChannel, RawChannel } from "../dispatch/client-channel.ts";
import { ByteQueue } from "../memory/byte-queue.ts";
import type { Context } from "../dispatch/context.ts";
import { RequestParser, type RequestLimits } from "../protocol/request-parser.ts";
import type { OutputWatch } from "./output-limits.ts";
import type { TransportSocket } from "./transport.ts";
import type { ReplySink } from "./turn-output.ts";

/** Most clients take their replies at once: what the others have not taken is kept only while there is any. */
const pendingOptions = { initialBytes: 0, keptBytes: 0 };

/** What a connection asks of the server that owns it. */
export interface ConnectionOwner {
  /** Requests that were held back may go on. */
  continueReading(connection: Connection): void;
  /** The client gets the replies of this turn, then the connection ends. */
  endAfterTurn(connection: Connection): void;
  /** The client is cut off: nothing that is kept for him, or taken from the data for him, would reach him. */
  forget(connection: Connection): void;
  /** A client leaves more unread than before: cuts him off when that is too much. */
  checkOutput(connection: Connection): void;
}

/** One client's socket with his parser on one side and what he has not taken yet on the other. */
export class Connection implements ReplySink, ClientChannel, OutputWatch {
  aboveSoftSinceMs: number | undefined;
  readonly parser: RequestParser;
  context!: Context;
  /** The client is blocked, or must first take his replies: what he sends is kept, and not run. */
  paused = false;
  closed = false;
  /** Set when the connection serves a node, and no client any more. */
  reader: ChannelReader | undefined;
  readonly #socket: TransportSocket;
  readonly #owner: ConnectionOwner;
  readonly #pending = new ByteQueue(pendingOptions);
  #closeWhenSent = false;
  #killed = false;
  #stopped = false;

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

  get pendingBytes(): number {
    return this.#pending.length;
  }

  get heldBytes(): number {
    return this.parser.keptBytes;
  }

  send(bytes: Uint8Array, start: number, end: number): void {
    if (this.closed || this.#killed) return;
    if (this.pendingBytes > 0) {
      this.#keep(bytes, start, end);
      return;
    }
    const taken = this.#socket.write(bytes, start, end);
    if (taken < end - start) this.#keep(bytes, start + taken, end);
  }

  #keep(bytes: Uint8Array, start: number, end: number): void {
    this.#pending.append(bytes, start, end);
    this.#owner.checkOutput(this);
  }

  /** The socket takes bytes again. */
  drain(): void {
    if (this.pendingBytes > 0) {
      const pending = this.#pending;
      pending.take(this.#socket.write(pending.bytes, pending.start, pending.end));
      if (pending.length > 0) return;
    }
    if (this.#closeWhenSent) {
      this.#socket.end();
      return;
    }
    if (this.reader !== undefined) {
      this.reader.drain();
      return;
    }
    if (this.#stopped) {
      this.#stopped = false;
      this.#socket.resume();
    }
    this.#owner.continueReading(this);
  }

  closeAfterReplies(): void {
    this.context.client.closing = true;
    this.#owner.endAfterTurn(this);
  }

  /** Closes now if nothing is left to send; else `drain` will. */
  finish(): void {
    this.context.client.closing = true;
    this.#closeWhenSent = true;
    if (this.pendingBytes === 0 && !this.closed) this.#socket.end();
  }

  /** Takes no more from the client until he has taken his replies. */
  stopReading(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#socket.pause();
  }

  keepAlive(seconds: number): void {
    this.#socket.keepAlive(seconds);
  }

  terminate(): void {
    this.#socket.terminate();
  }

  kill(): void {
    this.context.client.closing = true;
    this.#pending.clear();
    this.#killed = true;
    this.#owner.forget(this);
    this.#socket.end();
  }

  takeOver(reader: ChannelReader): RawChannel {
    this.reader = reader;
    // No client reads requests from here any more.
    this.paused = true;
    const socket = this.#socket;
    return {
      // Behind what the client was still to get.
      write: (bytes, start, end) => (this.pendingBytes > 0 ? 0 : socket.write(bytes, start, end)),
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
