import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { Environment } from "../environment.ts";
import type { StuckService } from "../dispatch/ports.ts";
import { type FromThread, type StandInAddress, standInProgram, type ToThread } from "./stand-in-thread.ts";
import type { TransportSocket } from "./transport.ts";

/** More clients than this at one address are turned away while the thread stands in for the server. */
const maxClients = 512;
/** The thread begins to listen within this time, or the script is dealt with as without it. */
const startMs = 5000;
/** For so long after the thread has begun to listen, the script is left to the clients that may come. */
const awaitedMs = 1000;

/** The calls of the stand-in to the server for which it listens. `Guest` is the state of a client. */
export interface StandInServer<Guest> {
  /** Closes the server's own listeners. Gives the addresses at which the thread is to listen. */
  stopListening(): readonly StandInAddress[];
  /** Opens the listeners again, after the stand-in has left. */
  listenAgain(): void;
  openGuest(socket: TransportSocket, address: number): Guest;
  /** Runs the requests in the chunk, and sends their replies. */
  runGuest(guest: Guest, chunk: Uint8Array): void;
  closeGuest(guest: Guest): void;
}

/** A client's socket, which the thread holds. */
class GuestSocket implements TransportSocket {
  readonly #send: (message: ToThread) => void;
  readonly #id: number;
  /** The thread does not tell. Its clients get short replies. */
  readonly bufferedBytes = 0;
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly encrypted = "no";

  constructor(send: (message: ToThread) => void, opened: Extract<FromThread, { kind: "open" }>) {
    this.#send = send;
    this.#id = opened.id;
    this.remoteAddress = opened.remoteAddress;
    this.localAddress = opened.localAddress;
  }

  write(bytes: Uint8Array, start: number, end: number): number {
    this.#send({ kind: "send", id: this.#id, bytes: bytes.slice(start, end) });
    return end - start;
  }

  end(): void {
    this.#send({ kind: "end", id: this.#id });
  }

  drop(): void {
    this.end();
  }

  terminate(): void {
    this.end();
  }

  holdForEnd(): void {}

  hasEnded(): boolean {
    return false;
  }

  // Nothing to do: the thread passes on one chunk at a time, and its clients get short replies.
  pause(): void {}
  resume(): void {}

  receive(): number {
    return 0;
  }

  keepAlive(): void {}
}

/**
 * Serves new clients while a script keeps the event loop from running, because it cannot be paused where it is. A thread
 * listens at the server's addresses meanwhile, and the server fetches from it, between two instructions of the script,
 * what the clients have sent. Open connections stay with the event loop, and wait. When the script has ended, the clients
 * of the thread are disconnected, and the server listens again. Not before: a script that can be paused now and then
 * would otherwise make the listeners change hands again and again, and new clients would find none.
 */
export class StandIn<Guest> implements StuckService {
  readonly #server: StandInServer<Guest>;
  readonly #environment: Pick<Environment, "monotonicMs" | "report">;
  readonly #program: string;
  readonly #guests = new Map<number, Guest>();
  #port: MessagePort | undefined;
  /** The server's own listeners are closed. */
  #hasTakenOver = false;
  #awaitedUntilMs = 0;
  #isLeaving = false;
  /** A guest's request runs. If it ends the script, the guest gets its reply before the thread leaves. */
  #isRunning = false;

  /** `program` is the text of the thread; a test may give another one. */
  constructor(
    server: StandInServer<Guest>,
    environment: Pick<Environment, "monotonicMs" | "report">,
    program = standInProgram,
  ) {
    this.#server = server;
    this.#environment = environment;
    this.#program = program;
  }

  get isServing(): boolean {
    return this.#port !== undefined && !this.#isLeaving;
  }

  serve(asPaused: (work: () => void) => void): boolean {
    if (this.#isLeaving && !this.#hasLeft()) return this.#environment.monotonicMs() < this.#awaitedUntilMs;
    const port = (this.#port ??= this.#start());
    while (!this.#isLeaving) {
      const received = receiveMessageOnPort(port);
      if (received === undefined) break;
      this.#take(port, received.message as FromThread, asPaused);
    }
    return this.#guests.size > 0 || this.#environment.monotonicMs() < this.#awaitedUntilMs;
  }

  #start(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    const thread = new Worker(this.#program, {
      eval: true,
      workerData: { port: port2, maxClients },
      transferList: [port2],
    });
    thread.unref();
    thread.on("error", (error) => this.#environment.report("error", "the thread of the stand-in has failed", error));
    thread.on("exit", () => this.#ended(port1));
    this.#awaitedUntilMs = this.#environment.monotonicMs() + startMs;
    return port1;
  }

  #take(port: MessagePort, message: FromThread, asPaused: (work: () => void) => void): void {
    const send = (reply: ToThread): void => port.postMessage(reply);
    if (message.kind === "ready") {
      this.#hasTakenOver = true;
      send({ kind: "listen", addresses: this.#server.stopListening() });
    } else if (message.kind === "listening") {
      this.#awaitedUntilMs = this.#environment.monotonicMs() + awaitedMs;
      this.#environment.report(
        "warning",
        "a script cannot be paused: new clients are served by a stand-in until it ends",
      );
    } else if (message.kind === "open") {
      this.#guests.set(message.id, this.#server.openGuest(new GuestSocket(send, message), message.address));
    } else if (message.kind === "data") {
      const guest = this.#guests.get(message.id);
      if (guest === undefined) return;
      this.#isRunning = true;
      asPaused(() => this.#server.runGuest(guest, message.bytes));
      this.#isRunning = false;
      send(this.#isLeaving ? { kind: "leave" } : { kind: "read", id: message.id });
    } else if (message.kind === "closed") this.#close(message.id);
  }

  #close(id: number): void {
    const guest = this.#guests.get(id);
    this.#guests.delete(id);
    if (guest !== undefined) this.#server.closeGuest(guest);
  }

  end(): void {
    const port = this.#port;
    if (port === undefined || this.#isLeaving) return;
    this.#isLeaving = true;
    this.#awaitedUntilMs = this.#environment.monotonicMs() + startMs;
    port.on("message", (message: FromThread) => {
      if (message.kind === "left") this.#ended(port);
    });
    if (!this.#isRunning) port.postMessage({ kind: "leave" } satisfies ToThread);
  }

  /**
   * Whether the thread that served during an earlier script has left. The next script may be stuck before the event loop
   * hears of it, as in one transaction. Then the server does not listen in between.
   */
  #hasLeft(): boolean {
    const port = this.#port as MessagePort;
    for (let received = receiveMessageOnPort(port); received !== undefined; received = receiveMessageOnPort(port)) {
      if ((received.message as FromThread).kind !== "left") continue;
      this.#left(port);
      return true;
    }
    return false;
  }

  /** The thread has left, or has failed: the server listens again. */
  #ended(port: MessagePort): void {
    if (this.#port !== port) return;
    this.#left(port);
    if (this.#hasTakenOver) this.#server.listenAgain();
    this.#hasTakenOver = false;
  }

  #left(port: MessagePort): void {
    port.removeAllListeners("message");
    port.unref();
    this.#port = undefined;
    this.#isLeaving = false;
    for (const id of [...this.#guests.keys()]) this.#close(id);
  }
}
