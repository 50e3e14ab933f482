import { connect, type Socket } from "node:net";
import type { Buyer } from "../simulation/crowd.ts";

export interface Answered {
  readonly status: number;
  readonly error: string | undefined;
  readonly reservation: string | undefined;
  readonly retryAfter: string | undefined;
}

export interface ManyConnections extends AsyncDisposable {
  /** Connections that neither side has closed. */
  readonly open: number;
  /** Every buyer asks once, all in the same moment; the answers have the order of the buyers. */
  askAll(): Promise<Answered[]>;
  /** The same, and who was put off asks again until the answer is final. */
  askUntilDecided(): Promise<Answered[]>;
}

/** Connections that are opened at a time: the kernel's queue of a listener is short. */
const openedAtATime = 250;
const answerWithinMs = 60_000;
const maxTries = 200;

/** One connection for each buyer, open before anybody asks. Who asks too early or too often is put off, not refused. */
export async function openConnections(
  url: string,
  productId: string,
  buyers: readonly Buyer[],
): Promise<ManyConnections> {
  const { hostname, port } = new URL(url);
  const clients: Client[] = [];
  for (let start = 0; start < buyers.length; start += openedAtATime) {
    const some = buyers.slice(start, start + openedAtATime);
    clients.push(...(await Promise.all(some.map((buyer) => Client.open(hostname, Number(port), productId, buyer)))));
  }
  return {
    get open() {
      return clients.filter((client) => client.isOpen).length;
    },
    askAll: () => Promise.all(clients.map((client) => client.ask())),
    askUntilDecided: () => Promise.all(clients.map((client) => client.askUntilDecided())),
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.close();
    },
  };
}

class Client {
  readonly #socket: Socket;
  readonly #request: string;
  #received = "";
  #waiting: { resolve(answer: Answered): void; reject(error: Error): void } | undefined;

  private constructor(socket: Socket, request: string) {
    this.#socket = socket;
    this.#request = request;
    socket.on("data", (chunk) => this.#take(chunk.toString("latin1")));
    socket.on("error", (error) => this.#waiting?.reject(error));
    socket.on("close", () => this.#waiting?.reject(new Error("the connection was closed without an answer")));
  }

  static open(host: string, port: number, productId: string, { token }: Buyer): Promise<Client> {
    const head = `POST /check?productID=${productId} HTTP/1.1\r\nHost: shop\r\nContent-Length: 0\r\n`;
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, noDelay: true }, () => {
        socket.off("error", reject);
        resolve(new Client(socket, `${head}Authorization: Bearer ${token}\r\n\r\n`));
      });
      socket.once("error", reject);
    });
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.readyState === "open";
  }

  ask(): Promise<Answered> {
    const { promise, resolve, reject } = Promise.withResolvers<Answered>();
    this.#waiting = { resolve, reject };
    const late = setTimeout(() => reject(new Error("no answer")), answerWithinMs);
    this.#socket.write(this.#request);
    return promise.finally(() => {
      clearTimeout(late);
      this.#waiting = undefined;
    });
  }

  async askUntilDecided(): Promise<Answered> {
    for (let tries = 1; ; tries++) {
      const answer = await this.ask();
      if (answer.status !== 429 && answer.status !== 503) return answer;
      if (tries === maxTries) throw new Error(`put off ${tries} times, at last with ${answer.status} ${answer.error}`);
      await Bun.sleep(200 + Math.random() * 300);
    }
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #take(text: string): void {
    this.#received += text;
    const end = this.#received.indexOf("\r\n\r\n");
    if (end < 0) return;
    const head = this.#received.slice(0, end);
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    const whole = end + 4 + length;
    if (this.#received.length < whole) return;
    const body = JSON.parse(this.#received.slice(end + 4, whole)) as { error?: string; reservation?: string };
    this.#received = this.#received.slice(whole);
    const status = Number(head.slice(9, 12));
    const retryAfter = /^retry-after: (.+)$/im.exec(head)?.[1];
    this.#waiting?.resolve({ status, error: body.error, reservation: body.reservation, retryAfter });
  }
}
