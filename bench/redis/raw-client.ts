import { connect, type Socket } from "node:net";

/** Requests in one write: enough to keep the server busy, few enough for its query buffer. */
const defaultBatch = 1000;
const keptBytes = 4096;

/** A connection that sends requests as fast as they are answered, and looks at no answer but the last of a batch. */
export class RawClient {
  readonly #socket: Socket;
  /** The end of what was received since the last answer that was awaited. */
  #tail = "";
  #awaited: { mark: string; done: (answer: string) => void } | undefined;
  #marks = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#received(chunk));
  }

  static connect(port: number): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("error", reject);
      socket.once("connect", () => resolve(new RawClient(socket)));
    });
  }

  #received(chunk: Buffer): void {
    this.#tail = (this.#tail + chunk.subarray(-keptBytes).toString("latin1")).slice(-keptBytes);
    if (this.#awaited === undefined || !this.#tail.endsWith(`${this.#awaited.mark}\r\n`)) return;
    this.#awaited.done(this.#tail);
    this.#awaited = undefined;
    this.#tail = "";
  }

  /** Sends all requests, a few at a time, and waits for the answer to the last. Answers are not looked at. */
  async send(requests: Iterable<readonly string[]>, batch = defaultBatch): Promise<void> {
    let text = "";
    let count = 0;
    for (const words of requests) {
      text += encode(words);
      if (++count % batch > 0 && text.length < 1 << 20) continue;
      await this.#answered(text);
      text = "";
    }
    await this.#answered(text);
  }

  /** Sends one request; gives what was answered as it came, of a long answer the end. */
  ask(words: readonly string[]): Promise<string> {
    return this.#answered(encode(words));
  }

  #answered(text: string): Promise<string> {
    const mark = `answered-${++this.#marks}`;
    return new Promise((done) => {
      this.#awaited = { mark, done };
      this.#socket.write(text + encode(["ECHO", mark]));
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** A request in Redis's protocol; words of ASCII. */
const encode = (words: readonly string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
