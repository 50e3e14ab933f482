import { connect, type Socket } from "node:net";

/** A client that sends raw bytes, and reads only when a test asks for it. */
export class RawClient {
  readonly #socket: Socket;
  #chunks: Buffer[] = [];
  #length = 0;
  #changed: () => void = () => {};
  /** The server has closed the connection. */
  closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
      this.#changed();
    });
    // The event "close" follows.
    socket.on("error", () => {});
    socket.on("close", () => {
      this.closed = true;
      this.#changed();
    });
  }

  static open(port: number, host = "127.0.0.1"): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host, noDelay: true }, () => {
        socket.off("error", reject);
        resolve(new RawClient(socket));
      });
      socket.once("error", reject);
    });
  }

  /** Resolves when the system has accepted the bytes. */
  send(bytes: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes, () => resolve());
    });
  }

  /** Sends as separate packets, one after the other. */
  async sendPieces(pieces: readonly Uint8Array[]): Promise<void> {
    for (const piece of pieces) await this.send(piece);
  }

  stopReading(): void {
    this.#socket.pause();
  }

  startReading(): void {
    this.#socket.resume();
  }

  /** Everything received so far. */
  get received(): string {
    this.#chunks = [Buffer.concat(this.#chunks)];
    return (this.#chunks[0] as Buffer).toString("latin1");
  }

  /** Waits until this many bytes were received, and returns everything received. */
  async receive(bytes: number): Promise<string> {
    await this.#until(() => this.#length >= bytes || this.closed);
    return this.received;
  }

  /** Waits for the end of the connection, and returns everything received. */
  async untilClosed(): Promise<string> {
    await this.#until(() => this.closed);
    return this.received;
  }

  #until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#changed = () => {
        if (condition()) resolve();
      };
      this.#changed();
    });
  }

  /** Closes its own side; it still reads. */
  finish(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroy();
  }
}
