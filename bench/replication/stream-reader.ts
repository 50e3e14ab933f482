import { closeSocket, connectTo, NativeBytes, receiveSome, sendSome } from "../open-loop/libc-sockets.ts";

const chunkBytes = 256 * 1024;
const markBytes = 40;
const ackEveryMs = 1000;

/** Where a replica's data is. */
export interface Place {
  readonly id: string;
  readonly offset: number;
}

/**
 * A replica that keeps nothing: it takes a snapshot and the stream as fast as they come. So what is measured is the
 * primary, and not the core that a real replica would take from it or from the load.
 */
export class StreamReader {
  /** Bytes of the snapshot so far. */
  snapshotBytes = 0;
  /** Undefined until the primary has answered. */
  place: Place | undefined;
  /** Bytes of the stream that have come after the snapshot, or after where it has gone on. */
  streamBytes = 0;
  /** It has all of the snapshot, or goes on without one. */
  isOnline = false;
  readonly #descriptor: number;
  readonly #wanted: readonly string[];
  readonly #input = new NativeBytes(chunkBytes);
  readonly #output = new NativeBytes(1024);
  #line = "";
  #mark: Buffer | undefined;
  #tail = Buffer.alloc(0);
  #ackedAtMs = 0;

  /** `from`: goes on there, instead of taking all data. */
  constructor(port: number, from?: Place) {
    this.#descriptor = connectTo(port);
    this.#wanted = from === undefined ? ["?", "-1"] : [from.id, String(from.offset + 1)];
    this.#send("REPLCONF", "capa", "eof", "capa", "psync2");
  }

  #send(...words: readonly string[]): void {
    const text = `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
    this.#output.bytes.set(Buffer.from(text));
    // A few bytes always fit into an empty socket.
    sendSome(this.#descriptor, this.#output, 0, text.length);
  }

  /** Takes what has come, at most one chunk. False when nothing has. */
  poll(): boolean {
    const size = receiveSome(this.#descriptor, this.#input);
    if (size === 0) throw new Error("the primary has ended the connection");
    if (size > 0) this.#take(Buffer.from(this.#input.bytes.buffer, 0, size));
    if (this.isOnline && performance.now() - this.#ackedAtMs >= ackEveryMs) this.acknowledge();
    return size > 0;
  }

  acknowledge(): void {
    this.#ackedAtMs = performance.now();
    this.#send("REPLCONF", "ACK", String((this.place?.offset ?? 0) + this.streamBytes));
  }

  #take(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.isOnline && this.#mark === undefined) {
      const end = chunk.indexOf(10, at);
      this.#line += chunk.toString("latin1", at, end < 0 ? chunk.length : end);
      at = end < 0 ? chunk.length : end + 1;
      if (end >= 0) this.#answered(this.#line.trimEnd());
    }
    if (this.isOnline) this.streamBytes += chunk.length - at;
    else if (this.#mark !== undefined) this.#takeSnapshot(chunk.subarray(at), this.#mark);
  }

  #answered(line: string): void {
    this.#line = "";
    const [word, id = "", offset = ""] = line.split(" ");
    if (word === "+OK") this.#send("PSYNC", ...this.#wanted);
    else if (word === "+FULLRESYNC") this.place = { id, offset: Number(offset) };
    else if (word === "+CONTINUE") this.isOnline = true;
    else if (line.startsWith("$EOF:")) this.#mark = Buffer.from(line.slice(5));
    else if (line.startsWith("-")) throw new Error(`the primary has answered ${line}`);
  }

  /** Nothing follows the mark until it is acknowledged, so it stands at the end of what has come. */
  #takeSnapshot(chunk: Buffer, mark: Buffer): void {
    this.snapshotBytes += chunk.length;
    this.#tail = Buffer.concat([this.#tail, chunk.subarray(-markBytes)]).subarray(-markBytes);
    if (!this.#tail.equals(mark)) return;
    this.snapshotBytes -= markBytes;
    this.isOnline = true;
    this.acknowledge();
  }

  close(): void {
    closeSocket(this.#descriptor);
  }
}
