import { connect, type Socket } from "node:net";
import { type Reply, ReplyParser, showReply } from "./reply.ts";

/** One word of a command. Text is sent as UTF-8. */
export type Word = string | number | bigint | Uint8Array;

const replyTimeoutMs = 20_000;

class ConnectionClosed extends Error {}

/** Marks the end of a connection among replies. */
export const closed: Reply = { sign: "+", text: "(closed)" };

/** A raw client connection. Replies come in the order of the commands. Pushes can be recognized only in RESP3. */
export class RespConnection {
  readonly #socket: Socket;
  readonly #name: string;
  readonly #parser = new ReplyParser();
  #waiting: { take: (reply: Reply) => void; fail: (error: Error) => void }[] = [];
  #arrived: Reply[] = [];
  #failure: Error | undefined;

  private constructor(socket: Socket, name: string) {
    this.#socket = socket;
    this.#name = name;
    socket.on("data", (chunk: Buffer) => this.#data(chunk));
    socket.on("error", (error) => this.#fail(error));
    // The socket may be half open, so that a test can end its side and go on reading. So the server's end must be
    // answered here.
    socket.on("end", () => socket.end());
    socket.on("close", () => this.#fail(new ConnectionClosed(`${name} closed the connection`)));
  }

  /** `name` appears in messages. */
  static open(port: number, name: string, host = "127.0.0.1"): Promise<RespConnection> {
    return new Promise((resolve, reject) => {
      const options = { port, host, noDelay: true, allowHalfOpen: true };
      const socket = connect(options, () => {
        socket.off("error", reject);
        resolve(new RespConnection(socket, name));
      });
      socket.once("error", reject);
    });
  }

  /** Sends commands in one write. */
  send(...commands: readonly (readonly Word[])[]): void {
    this.#socket.write(Buffer.concat(commands.map(encodeCommand)));
  }

  /** Sends bytes unchanged. */
  sendRaw(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** The next reply or push, in the order of arrival. */
  next(): Promise<Reply> {
    const arrived = this.#arrived.shift();
    if (arrived !== undefined) return Promise.resolve(arrived);
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${this.#name} sent no reply within ${replyTimeoutMs} ms`)),
        replyTimeoutMs,
      );
      this.#waiting.push({
        take: (reply) => (clearTimeout(timer), resolve(reply)),
        fail: (error) => (clearTimeout(timer), reject(error)),
      });
    });
  }

  /** Sends commands in one write and returns as many replies. */
  async replies(commands: readonly (readonly Word[])[]): Promise<Reply[]> {
    if (commands.length > 0) this.send(...commands);
    const replies: Reply[] = [];
    for (const _ of commands) replies.push(await this.next());
    return replies;
  }

  async reply(...command: readonly Word[]): Promise<Reply> {
    return (await this.replies([command]))[0] as Reply;
  }

  /** Like `next`, but returns `closed` once the server has ended the connection. */
  async nextOrClosed(): Promise<Reply> {
    try {
      return await this.next();
    } catch (error) {
      if (!(error instanceof ConnectionClosed)) throw error;
      return closed;
    }
  }

  /** Ends the sending side. Data from the server is still read. */
  hangUp(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.removeAllListeners("close");
    this.#socket.destroy();
  }

  #data(chunk: Buffer): void {
    this.#parser.feed(chunk);
    try {
      for (let reply = this.#parser.next(); reply !== undefined; reply = this.#parser.next()) {
        const waiting = this.#waiting.shift();
        if (waiting === undefined) this.#arrived.push(reply);
        else waiting.take(reply);
      }
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { fail } of this.#waiting) fail(this.#failure);
    this.#waiting = [];
  }

  /** Received data that no caller read, for messages. */
  get unread(): string {
    return this.#arrived.map(showReply).join(" ") + this.#parser.rest;
  }
}

export function wordBytes(word: Word): Uint8Array {
  return typeof word === "object" ? word : Buffer.from(String(word), "utf8");
}

export function encodeCommand(words: readonly Word[]): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from(`*${words.length}\r\n`)];
  for (const word of words) {
    const bytes = wordBytes(word);
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n"));
  }
  return Buffer.concat(parts);
}

/** A command in readable form, with words quoted where necessary. */
export function showCommand(words: readonly Word[]): string {
  return words.map(showWord).join(" ");
}

function showWord(word: Word): string {
  const text = Buffer.from(wordBytes(word)).toString("latin1");
  return /^[\w:.*+(){}@-]+$/.test(text) ? text : JSON.stringify(text);
}
