import type { Reply } from "../harness/reply.ts";
import { RespConnection, type Word } from "../harness/resp-connection.ts";
import type { ServerPair, Side } from "../harness/start-pair.ts";
import { clientCount, type FuzzStep } from "./generated-steps.ts";

/** Longer than the shortest time to live, on any machine: the keys have expired afterwards. */
const lapseMs = 9;

/** What a server answered, in the order in which the requests were sent. */
export interface Answer {
  readonly client: number;
  readonly words: readonly Word[];
  /** undefined: the client waits. A later answer with the same words has the reply. */
  readonly reply: Reply | undefined;
}

interface FuzzClient {
  readonly connection: RespConnection;
  readonly id: string;
  /** The command for whose reply the client waits. */
  waiting?: readonly Word[] | undefined;
}

/** The clients of one server. They send their requests one after the other, so that both servers see the same order. */
export class FuzzClients {
  readonly #control: RespConnection;
  readonly #clients: readonly FuzzClient[];
  #answers: Answer[] = [];

  private constructor(control: RespConnection, clients: readonly FuzzClient[]) {
    this.#control = control;
    this.#clients = clients;
  }

  static async open(pair: ServerPair, side: Side): Promise<FuzzClients> {
    const clients: FuzzClient[] = [];
    for (let number = 0; number < clientCount; number++) {
      const connection = await RespConnection.open(pair.ports[side], side);
      clients.push({ connection, id: (await connection.reply("CLIENT", "ID")).text ?? "" });
    }
    return new FuzzClients(pair.control[side], clients);
  }

  /** Makes every client as it was when it connected, with this version of the protocol. */
  async reset(protocol: 2 | 3): Promise<void> {
    for (const { connection } of this.#clients) await connection.replies([["RESET"], ["HELLO", protocol]]);
  }

  async run(steps: readonly FuzzStep[]): Promise<Answer[]> {
    this.#answers = [];
    const requests = requestsOf(steps);
    for (let at = 0; at < requests.length;) {
      const step = requests[at] as Request;
      if (step === "lapse") {
        await Bun.sleep(lapseMs);
        at++;
        continue;
      }
      await this.#unblock(step.client);
      if (mayWait(step.words)) {
        await this.#sendWaiting(step.client, step.words);
        at++;
        continue;
      }
      const batch = batchFrom(requests, at, step.client);
      const replies = await this.#client(step.client).connection.replies(batch);
      for (const [index, words] of batch.entries()) this.#add(step.client, words, replies[index]);
      at += batch.length;
    }
    for (const client of this.#clients.keys()) await this.#unblock(client);
    return this.#answers;
  }

  #client(number: number): FuzzClient {
    return this.#clients[number] as FuzzClient;
  }

  #add(client: number, words: readonly Word[], reply: Reply | undefined): void {
    this.#answers.push({ client, words, reply });
  }

  /** Sends a command that may block, and finds out whether it does. */
  async #sendWaiting(number: number, words: readonly Word[]): Promise<void> {
    const client = this.#client(number);
    client.connection.send(words);
    // When the server has answered PING, it has seen the other client's request.
    await this.#control.reply("PING");
    const { text } = await this.#control.reply("CLIENT", "LIST", "ID", client.id);
    if (/ flags=\w*b/.test(text ?? "")) {
      client.waiting = words;
      this.#add(number, words, undefined);
    } else this.#add(number, words, await client.connection.next());
  }

  /** Ends the waiting of a client, and reads the reply, of whatever made it stop waiting. */
  async #unblock(number: number): Promise<void> {
    const client = this.#client(number);
    if (client.waiting === undefined) return;
    const unblock = ["CLIENT", "UNBLOCK", client.id, number === 0 ? "ERROR" : "TIMEOUT"];
    this.#add(number, ["CLIENT", "UNBLOCK"], await this.#control.reply(...unblock));
    this.#add(number, client.waiting, await client.connection.next());
    client.waiting = undefined;
  }

  close(): void {
    for (const { connection } of this.#clients) connection.close();
  }
}

const blockingName = /^(BLPOP|BRPOP|BLMOVE|BRPOPLPUSH|BLMPOP|BZPOPMIN|BZPOPMAX|BZMPOP|XREAD|XREADGROUP)$/i;

const mayWait = ([name, ...rest]: readonly Word[]): boolean =>
  blockingName.test(String(name)) && rest.some((word) => String(word) === "0");

type Request = "lapse" | { readonly client: number; readonly words: readonly Word[] };

const requestsOf = (steps: readonly FuzzStep[]): Request[] =>
  steps.flatMap(({ client, requests, lapses }): Request[] => [
    ...requests.map((words) => ({ client, words })),
    ...(lapses ? (["lapse"] as const) : []),
  ]);

/** The requests that one client sends together. */
function batchFrom(requests: readonly Request[], from: number, client: number): (readonly Word[])[] {
  const batch: (readonly Word[])[] = [];
  for (let at = from; at < requests.length; at++) {
    const step = requests[at] as Request;
    if (step === "lapse" || step.client !== client || mayWait(step.words)) break;
    batch.push(step.words);
  }
  return batch;
}
