import type { SeededRandom } from "../../../tools/seeded-random.ts";
import type { MyRedisProcess } from "../crash/my-redis-process.ts";
import type { Reply } from "../differential/harness/reply.ts";
import { type RespConnection, showCommand, type Word } from "../differential/harness/resp-connection.ts";
import { walkedDatabases, WalkRequests } from "./walk-requests.ts";

/** Requests that one client sends before it waits for the replies. */
const mostInPipeline = 5;

/** A client of the walk, which sends random requests one pipeline after the other. */
class WalkClient {
  requests = 0;
  readonly #connection: RespConnection;
  readonly #random: SeededRandom;
  readonly #requests: WalkRequests;

  constructor(connection: RespConnection, random: SeededRandom) {
    this.#connection = connection;
    this.#random = random;
    this.#requests = new WalkRequests(random);
  }

  async fill(database: number): Promise<void> {
    for (const words of [["SELECT", database], ...this.#requests.fill()]) await this.#connection.reply(...words);
  }

  async run(isOver: () => boolean): Promise<void> {
    const random = this.#random;
    while (!isOver()) {
      const sent: Word[][] = random.oneIn(5) ? [["SELECT", random.below(walkedDatabases)]] : [];
      for (let count = 1 + random.below(mostInPipeline); count > 0; count--) {
        if (random.oneIn(4)) sent.push(...this.#requests.bundle());
        else sent.push(this.#requests.request());
      }
      this.requests += sent.length;
      const replies = random.oneIn(2) ? await this.#connection.replies(sent) : await this.#oneByOne(sent);
      for (const [index, reply] of replies.entries()) judge(sent[index] as Word[], reply);
    }
  }

  async #oneByOne(sent: readonly Word[][]): Promise<Reply[]> {
    const replies: Reply[] = [];
    for (const words of sent) replies.push(await this.#connection.reply(...words));
    return replies;
  }

  close(): void {
    this.#connection.close();
  }
}

function judge(words: readonly Word[], { text }: Reply): void {
  if (/^ERR .*(internal|unknown|Protocol|syntax|wrong number)/i.test(text ?? "")) {
    throw new Error(`${showCommand(words).slice(0, 300)} was answered ${text}`);
  }
}

/** Several clients that are at work at the same time. */
export class WalkCrowd {
  readonly #clients: WalkClient[];

  private constructor(clients: WalkClient[]) {
    this.#clients = clients;
  }

  static async open(server: MyRedisProcess, count: number, random: SeededRandom): Promise<WalkCrowd> {
    const clients: WalkClient[] = [];
    while (clients.length < count) clients.push(new WalkClient(await server.connect(), random.fork()));
    return new WalkCrowd(clients);
  }

  get requests(): number {
    return this.#clients.reduce((sum, { requests }) => sum + requests, 0);
  }

  /** Makes the values large again. */
  async fill(): Promise<void> {
    for (let database = 0; database < walkedDatabases; database++) {
      await this.#clients[database % this.#clients.length]?.fill(database);
    }
  }

  /** Lets all clients send requests until `work` is done and all replies are there. */
  async runDuring(work: () => Promise<void>): Promise<void> {
    let isOver = false;
    const running = this.#clients.map((client) => client.run(() => isOver));
    try {
      await Promise.race([work(), Promise.all(running)]);
    } finally {
      isOver = true;
      await Promise.all(running);
    }
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }
}
