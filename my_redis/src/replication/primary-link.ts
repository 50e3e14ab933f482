import type { ClientChannel, Encrypted } from "../dispatch/client-channel.ts";
import type { Environment } from "../environment.ts";
import type { Connect, TransportSocket } from "../network/transport.ts";
import { encodeTexts } from "../protocol/encode-request.ts";
import { Handshake, type HandshakeFacts, type SyncAnswer } from "./handshake.ts";
import { endMarkBytes, SnapshotReceiver } from "./snapshot-receiver.ts";

const lineFeed = 10;
/** Replies of the handshake are short. */
const maxLineBytes = 64 * 1024;

export interface PrimaryAddress {
  readonly host: string;
  readonly port: number;
}

export type LinkState = "connecting" | "handshake" | "sync" | "connected";

export interface PrimaryLinkOptions {
  readonly connect: Connect;
  readonly address: PrimaryAddress;
  readonly handshake: HandshakeFacts;
  /** The file in which a snapshot is kept while it arrives. */
  readonly snapshotPath: string;
  readonly environment: Environment;
  /** Whether the data may change now. If not, what arrives is kept for `goOn`, and nothing more is read. */
  readonly mayRead: () => boolean;
  /** The primary has answered the request for its data. */
  readonly answered: (isAccepted: boolean) => void;
  /** The primary goes on after what this server has; its history may have another id now. */
  readonly continued: (id: string | undefined, link: PrimaryLink) => void;
  /**
   * A whole snapshot has arrived, which shows the data at this offset. `tookSnapshot` must be called when it is loaded,
   * or cannot be.
   */
  readonly received: (path: string, id: string, offset: number, link: PrimaryLink) => void;
  /** Takes a chunk of the stream. Returns what is wrong with it; undefined for nothing. */
  readonly streamed: (chunk: Uint8Array) => string | undefined;
  /** Called once, when the connection has ended or could not be made. */
  readonly lost: (reason: string, link: PrimaryLink) => void;
}

/** A connection to the primary: the handshake, perhaps a snapshot, and then the stream. */
export class PrimaryLink implements ClientChannel {
  /** Its owner says when it is "connected": once this server's data is at the place where the stream goes on. */
  state: LinkState = "connecting";
  /** When something last arrived. */
  heardAtMs: number;
  receiver: SnapshotReceiver | undefined;
  /** The snapshot could not be received or loaded, although the connection was there. */
  hasFailedSync = false;
  readonly #options: PrimaryLinkOptions;
  readonly #handshake: Handshake;
  #socket: TransportSocket | undefined;
  #line = "";
  #sync: Extract<SyncAnswer, { kind: "full" }> | undefined;
  #unsent: Uint8Array[] = [];
  /** What has arrived and must wait. */
  readonly #held: Uint8Array[] = [];
  /** The snapshot is there, and is being loaded. */
  #isLoading = false;
  #isReading = false;
  #isOver = false;

  constructor(options: PrimaryLinkOptions) {
    this.#options = options;
    this.heardAtMs = options.environment.monotonicMs();
    this.#handshake = new Handshake(options.handshake);
    const { host, port } = options.address;
    const handlers = {
      open: (socket: TransportSocket) => {
        this.#opened(socket);
        return this;
      },
      data: (_link: PrimaryLink, chunk: Uint8Array) => this.#data(chunk),
      drain: () => this.#write(),
      end: () => this.end("the primary has closed the connection"),
      close: () => this.end("the primary has closed the connection"),
    };
    options.connect({ host, port }, handlers).catch((error: unknown) => {
      this.end(`no connection: ${error instanceof Error ? error.message : String(error)}`);
    });
  }

  /** The request for the data has been sent, and is not yet answered. */
  get awaitsAnswer(): boolean {
    return this.state === "handshake" && this.#handshake.isAtSync;
  }

  #opened(socket: TransportSocket): void {
    this.#socket = socket;
    if (this.#isOver) return socket.terminate();
    this.state = "handshake";
    this.send(...this.#handshake.first);
  }

  /** Sends a command. */
  send(...words: readonly (string | number)[]): void {
    this.#unsent.push(encodeTexts(words));
    this.#write();
  }

  #write(): void {
    for (let bytes = this.#unsent[0]; bytes !== undefined; bytes = this.#unsent[0]) {
      const taken = this.#isOver ? bytes.length : (this.#socket?.write(bytes, 0, bytes.length) ?? 0);
      if (taken < bytes.length) {
        this.#unsent[0] = bytes.subarray(taken);
        return;
      }
      this.#unsent.shift();
    }
  }

  #data(chunk: Uint8Array): void {
    this.heardAtMs = this.#options.environment.monotonicMs();
    const read = this.#held.length === 0 ? this.#readAll(chunk) : 0;
    if (this.#isOver || read === chunk.length) return;
    this.#held.push(chunk.slice(read));
    this.#socket?.pause();
  }

  /** Whether what arrives is read now. */
  get #reads(): boolean {
    return !this.#isLoading && this.#options.mayRead();
  }

  /** Reads what had to wait, if it may be read now. Must be called regularly. */
  goOn(): void {
    if (this.#held.length === 0) return;
    // It is this server that does not listen.
    this.heardAtMs = this.#options.environment.monotonicMs();
    for (let chunk = this.#held[0]; chunk !== undefined; chunk = this.#held[0]) {
      const read = this.#readAll(chunk);
      if (this.#isOver) return;
      if (read < chunk.length) {
        this.#held[0] = chunk.subarray(read);
        return;
      }
      this.#held.shift();
    }
    this.#socket?.resume();
  }

  /** Its owner goes on with what it has taken and could not apply at once, and then with what follows. */
  applyRest(): void {
    this.#read(new Uint8Array(0), 0);
    if (!this.#isOver) this.goOn();
  }

  /** Returns how much of it was read. The rest must wait. */
  #readAll(chunk: Uint8Array): number {
    let at = 0;
    this.#isReading = true;
    try {
      while (at < chunk.length && !this.#isOver && this.#reads) at = this.#read(chunk, at);
    } catch (error) {
      this.hasFailedSync = true;
      this.end(error instanceof Error ? error.message : String(error));
    } finally {
      this.#isReading = false;
    }
    return at;
  }

  /** Returns where it stopped reading. */
  #read(chunk: Uint8Array, at: number): number {
    if (this.state === "connected") {
      const problem = this.#options.streamed(chunk.subarray(at));
      if (problem !== undefined) {
        this.hasFailedSync = true;
        this.end(`its stream cannot be applied: ${problem}`);
      }
      return chunk.length;
    }
    if (this.receiver !== undefined) {
      const end = this.receiver.take(chunk, at);
      if (this.receiver.isWhole) this.#load(this.receiver);
      return end;
    }
    const found = chunk.indexOf(lineFeed, at);
    const end = found < 0 ? chunk.length : found;
    this.#line += Buffer.from(chunk.buffer, chunk.byteOffset + at, end - at).toString("latin1");
    if (this.#line.length > maxLineBytes) throw new Error(`a reply of over ${maxLineBytes} bytes`);
    if (found < 0) return end;
    const line = this.#line.trimEnd();
    this.#line = "";
    // Empty lines are signs of life, while the primary prepares its snapshot.
    if (line !== "") this.#take(line);
    return found + 1;
  }

  #take(line: string): void {
    if (this.#sync !== undefined) {
      const isMarked = line.startsWith("$EOF:") && line.length === 5 + endMarkBytes;
      if (!isMarked && !/^\$\d{1,15}$/.test(line)) throw new Error(`'${line.slice(0, 128)}' instead of a snapshot`);
      this.receiver = new SnapshotReceiver(
        this.#options.snapshotPath,
        isMarked ? line.slice(5) : Number(line.slice(1)),
      );
      return;
    }
    const next = this.#handshake.answered(line);
    if (this.#handshake.isOver) this.#options.answered(next.kind !== "refused");
    // That answer may have ended it.
    if (this.#isOver) return;
    if (next.kind === "send") this.send(...next.words);
    else if (next.kind === "refused") this.end(next.reason);
    // It was asked only for this proof, from an offset where this server need not be.
    else if (next.kind === "has taken over") this.end("it has taken over before, and is asked for its stream now");
    else if (next.kind === "full") {
      this.state = "sync";
      this.#sync = next;
      const text = `the primary sends all data, of history ${next.id} at offset ${next.offset}`;
      this.#options.environment.report("notice", text);
    } else this.#options.continued(next.id, this);
  }

  #load(receiver: SnapshotReceiver): void {
    const { id, offset } = this.#sync as Extract<SyncAnswer, { kind: "full" }>;
    this.#isLoading = true;
    this.#options.received(receiver.path, id, offset, this);
  }

  /** The snapshot is loaded, or why it is not. What follows it is read from now on. */
  tookSnapshot(failure: string | undefined): void {
    if (this.#isOver) return;
    if (failure !== undefined) {
      this.hasFailedSync = true;
      this.end(failure);
      return;
    }
    this.#isLoading = false;
    this.receiver?.remove(this.#options.environment);
    this.receiver = undefined;
    if (!this.#isReading) this.goOn();
  }

  /** A sign of life while the snapshot is loaded: primaries read over empty lines. */
  keepAwake(): void {
    if (this.#unsent.length > 0) return;
    this.#unsent.push(Buffer.from("\n"));
    this.#write();
  }

  /** Ends the connection. */
  end(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.receiver?.remove(this.#options.environment);
    this.#socket?.terminate();
    this.#options.lost(reason, this);
  }

  // --- as the channel of a client, for CLIENT LIST and CLIENT KILL ---

  get remoteAddress(): string {
    return this.#socket?.remoteAddress ?? "";
  }

  get localAddress(): string {
    return this.#socket?.localAddress ?? "";
  }

  get encrypted(): Encrypted {
    return this.#socket?.encrypted ?? "no";
  }

  get pendingBytes(): number {
    return this.#unsent.reduce((sum, { length }) => sum + length, 0);
  }

  readonly heldBytes = 0;
  readonly receivedBytes = 0;

  hasEnded(): boolean {
    return this.#isOver;
  }

  kill(): void {
    this.end("it was ended by CLIENT KILL");
  }

  closeAfterReplies(): void {
    this.kill();
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }
}
