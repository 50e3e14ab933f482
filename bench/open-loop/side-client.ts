import { closeSocket, connectTo, NativeBytes, receiveSome, sendSome } from "./libc-sockets.ts";
import { ReplyScanner } from "./reply-scanner.ts";

const chunkBytes = 256 * 1024;
const keptText = 16 * 1024;

/** Requests of a side client wait for their turn: each `yield` lets the load go on. */
export type Steps<Result = void> = Generator<void, Result>;

/** Another client of the server, in the same process as the load, so that it takes no time from it unnoticed. */
export class SideClient {
  readonly descriptor: number;
  /** Replies so far. */
  replies = 0;
  /** When the last bytes came, by performance.now(). */
  repliedAtMs = 0;
  /** The end of what was received. */
  text = "";
  readonly #scanner = new ReplyScanner();
  readonly #output = new NativeBytes(chunkBytes);
  readonly #input = new NativeBytes(chunkBytes);

  constructor(port: number) {
    this.descriptor = connectTo(port);
  }

  /** Reads what has come. */
  receive(): void {
    const size = receiveSome(this.descriptor, this.#input);
    if (size <= 0) return;
    this.repliedAtMs = performance.now();
    this.replies += this.#scanner.scan(this.#input.bytes, size);
    const from = Math.max(0, size - keptText);
    this.text = (this.text + Buffer.from(this.#input.bytes.subarray(from, size)).toString("latin1")).slice(-keptText);
  }

  /** Sends one request, and waits for its reply. Gives the end of what was received. */
  *ask(...words: readonly string[]): Steps<string> {
    const before = this.replies;
    this.text = "";
    yield* this.send(encode(words));
    while (this.replies === before) yield;
    return this.text;
  }

  /** Sends requests in pieces, and waits until all are answered. */
  *askAll(requests: Iterable<readonly string[]>): Steps {
    const before = this.replies;
    let text = "";
    let count = 0;
    for (const words of requests) {
      text += encode(words);
      count++;
      if (text.length < chunkBytes / 4) continue;
      yield* this.send(text);
      text = "";
    }
    yield* this.send(text);
    while (this.replies < before + count) yield;
  }

  *send(text: string): Steps {
    for (let from = 0; from < text.length; from += chunkBytes) {
      const piece = Buffer.from(text.slice(from, from + chunkBytes), "latin1");
      this.#output.bytes.set(piece);
      for (let sent = 0; sent < piece.length;) {
        sent += sendSome(this.descriptor, this.#output, sent, piece.length);
        if (sent < piece.length) yield;
      }
    }
  }

  close(): void {
    closeSocket(this.descriptor);
  }
}

const encode = (words: readonly string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;
