import type { TargetAddress } from "../dispatch/ports.ts";
import type { Connect, TransportHandlers, TransportSocket } from "../network/transport.ts";
import { latin1Text } from "../protocol/arguments.ts";

/** The step during which the target did not answer in time, or closed the connection. */
export type TargetActivity = "connecting" | "writing" | "reading";

export class TargetError extends Error {
  readonly activity: TargetActivity;

  constructor(activity: TargetActivity) {
    super(`${activity} failed`);
    this.activity = activity;
  }
}

const lineFeed = 10;
const signs = new Set(["+", "-"]);
/** Replies are one short line each: a longer one is no reply to these requests. */
const maxLineBytes = 64 * 1024;
/** These errors mean that there is no such host; others mean that nothing listens there. */
const unknownHost = /ENOTFOUND|EAI_|DNS|getaddrinfo|resolve/i;

/** A connection to another server. Each request gets a reply of one line. */
export class TargetConnection {
  readonly #socket: TransportSocket;
  readonly #timeoutMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #output: Uint8Array[] = [];
  /** Bytes of the first output piece that have been sent. */
  #sent = 0;
  #input = "";
  #failure: TargetError | undefined;
  #waiting: { readonly take: (line: string) => void; readonly fail: (error: TargetError) => void } | undefined;

  private constructor(socket: TransportSocket, timeoutMs: number) {
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    this.#restartTimer();
  }

  /** Rejects with TargetError. */
  static open(connect: Connect, { host, port, timeoutMs }: TargetAddress): Promise<TargetConnection> {
    return new Promise((resolve, reject) => {
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        reject(new TargetError("connecting"));
      }, timeoutMs);
      timer.unref();
      const handlers: TransportHandlers<TargetConnection> = {
        open: (socket) => {
          clearTimeout(timer);
          const connection = new TargetConnection(socket, timeoutMs);
          if (isLate) connection.close();
          else resolve(connection);
          return connection;
        },
        data: (connection, chunk) => connection.#data(chunk),
        drain: (connection) => connection.#write(),
        close: (connection) => connection.#fail(),
      };
      connect({ host, port }, handlers).catch((error: unknown) => {
        clearTimeout(timer);
        reject(new TargetError(unknownHost.test(String(error)) ? "connecting" : "writing"));
      });
    });
  }

  /** Sends pieces one after the other. They must not be changed any more. */
  send(pieces: readonly Uint8Array[]): void {
    this.#output.push(...pieces);
    this.#write();
  }

  /** The next reply: its line without the line end. Rejects with TargetError. */
  line(): Promise<string> {
    return new Promise((take, fail) => {
      this.#waiting = { take, fail };
      this.#answer();
    });
  }

  /** Ends the connection at once. */
  close(): void {
    this.#fail();
    this.#socket.terminate();
  }

  #write(): void {
    for (let piece = this.#output[0]; piece !== undefined; piece = this.#output[0]) {
      const taken = this.#failure === undefined ? this.#socket.write(piece, this.#sent, piece.length) : 0;
      if (taken > 0) this.#restartTimer();
      this.#sent += Math.max(taken, 0);
      if (this.#sent < piece.length) return;
      this.#output.shift();
      this.#sent = 0;
    }
  }

  #data(chunk: Uint8Array): void {
    this.#restartTimer();
    this.#input += latin1Text(chunk, 0, chunk.length);
    this.#answer();
  }

  /** Resolves the waiting `line` call when a line is complete. Anything but a line of a reply ends the connection. */
  #answer(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    const end = this.#input.indexOf(String.fromCharCode(lineFeed));
    if (end >= 0 && signs.has(this.#input[0] as string)) {
      const line = this.#input.slice(0, end).trimEnd();
      this.#input = this.#input.slice(end + 1);
      this.#waiting = undefined;
      waiting.take(line);
    } else if (this.#failure !== undefined) {
      this.#waiting = undefined;
      waiting.fail(this.#failure);
    } else if (end >= 0 || this.#input.length > maxLineBytes) {
      this.close();
    }
  }

  #restartTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.close(), this.#timeoutMs);
    this.#timer.unref();
  }

  #fail(): void {
    clearTimeout(this.#timer);
    this.#failure ??= new TargetError(this.#output.length > 0 ? "writing" : "reading");
    this.#answer();
  }
}
