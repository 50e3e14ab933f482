import type { TransportSocket } from "../../network/transport.ts";
import type { PeerAnswered, PeerFailure } from "../peer-channel.ts";
import { type FrameHeader, frameKinds } from "./frame.ts";
import { FrameReader } from "./frame-reader.ts";
import { LinkOutput } from "./link-output.ts";
import { linkReply, type LinkWelcome, readWelcome } from "./link-greeting.ts";
import type { LinkTiming } from "./link-timing.ts";

/** What a link needs of the node that opens it. */
export interface OutgoingLinkOwner {
  readonly timing: LinkTiming;
  monotonicMs(): number;
  /** Begins to connect; the link's `opened` or `connectFailed` follows with the same number. */
  connect(link: OutgoingLink, attempt: number): void;
  /** The bytes that ask for the link. */
  greeting(link: OutgoingLink): Uint8Array;
  /** The other node has said who it is. Why no link comes of it; undefined when it does. */
  welcomed(link: OutgoingLink, welcome: LinkWelcome): string | undefined;
  /** Why a link cannot be had. */
  refused(link: OutgoingLink, reason: string): void;
  replies(link: OutgoingLink, client: number, bytes: Uint8Array, start: number, end: number): void;
  sessionEnded(link: OutgoingLink, client: number): void;
  /** A connection, or the attempt to make one, has ended; another follows. */
  failed(link: OutgoingLink, reason: string): void;
  /** What had been sent and not answered will not be answered any more. */
  lost(link: OutgoingLink): void;
  reachable(link: OutgoingLink, reachable: boolean): void;
  /** Something is to be sent at the end of the turn. */
  dirty(): void;
}

interface Ask {
  readonly answered: PeerAnswered;
  readonly deadlineMs: number;
}

/** Bytes that may wait for one node, when cluster-link-sendbuf-limit sets no limit. */
const defaultMaxPendingBytes = 64 * 1024 * 1024;
const maxAsks = 10_000;
const maxGreetingBytes = 512 * 1024;
const firstRetryMs = 20;
const longestRetryMs = 1000;
const emptyBytes = new Uint8Array(0);

/**
 * The way to one other node: what this node's clients want of its keys goes out, and the replies come back. Lost, the
 * connection is opened again; what is new waits for it, until the node has been silent for cluster-node-timeout.
 */
export class OutgoingLink {
  readonly node: number;
  readonly name: string;
  maxPendingBytes = defaultMaxPendingBytes;
  /** Connections that came to be. */
  connections = 0;
  openedAtMs = 0;
  /** Silent for too long: nothing waits for it, but it is tried on. */
  gone = false;
  readonly #owner: OutgoingLinkOwner;
  readonly #header: FrameHeader = { kind: 0, info: 0, id: 0, database: 0 };
  readonly #requests = new LinkOutput();
  readonly #signs = new LinkOutput();
  readonly #asks = new Map<number, Ask>();
  #nextAsk = 1;
  #socket: TransportSocket | undefined;
  #reader: FrameReader | undefined;
  #attempt = 0;
  #connecting = false;
  #greetingText = "";
  #open = false;
  #closed = false;
  #heardAtMs: number;
  #attemptedAtMs = Number.NEGATIVE_INFINITY;
  #retryMs = firstRetryMs;
  /** The socket took only a part of the last write of requests: nothing may come in between. */
  #partial = false;

  constructor(owner: OutgoingLinkOwner, node: number, name: string) {
    this.#owner = owner;
    this.node = node;
    this.name = name;
    // A node that has just been started is waited for.
    this.#heardAtMs = owner.monotonicMs();
  }

  get isOpen(): boolean {
    return this.#open;
  }

  get pendingBytes(): number {
    return this.#requests.pendingBytes;
  }

  /** When it was last heard, on the monotonic clock. */
  get heardAtMs(): number {
    return this.#heardAtMs;
  }

  /** Sets how many bytes may wait; 0 for the default. */
  limitPending(bytes: number): void {
    this.maxPendingBytes = bytes > 0 ? bytes : defaultMaxPendingBytes;
  }

  /** Whether `bytes` more may wait. One request is taken however long it is. */
  hasRoom(bytes: number): boolean {
    if (this.#fits(bytes)) return true;
    // One turn may bring more than that, and the socket take it.
    this.flush();
    return this.#fits(bytes);
  }

  #fits(bytes: number): boolean {
    const pending = this.#requests.pendingBytes;
    return pending === 0 || pending + bytes <= this.maxPendingBytes;
  }

  /** Sends requests of a client: bytes[start, end), for at most `hasRoom`. */
  relay(client: number, info: number, database: number, bytes: Uint8Array, start: number, end: number): void {
    const header = this.#header;
    header.kind = frameKinds.relay;
    header.info = info;
    header.id = client;
    header.database = database;
    this.#requests.append(header, bytes, start, end);
    this.#owner.dirty();
  }

  endSession(client: number): void {
    if (this.gone) return;
    this.#append(frameKinds.endSession, 0, client, emptyBytes);
  }

  /** See PeerChannel.request. */
  ask(kind: number, payload: Uint8Array, answered: PeerAnswered, timeoutMs: number): void {
    const later = (failure: PeerFailure): void => queueMicrotask(() => answered(undefined, failure));
    if (this.gone) return later("unreachable");
    if (this.#asks.size >= maxAsks || !this.hasRoom(payload.length)) return later("refused");
    const id = this.#nextAsk;
    this.#nextAsk = id === 0xffff_ffff ? 1 : id + 1;
    this.#asks.set(id, { answered, deadlineMs: this.#owner.monotonicMs() + timeoutMs });
    this.#append(frameKinds.ask, kind, id, payload);
  }

  #append(kind: number, info: number, id: number, payload: Uint8Array): void {
    this.#requests.append({ kind, info, id, database: 0 }, payload, 0, payload.length);
    this.#owner.dirty();
  }

  /** Gives what waits to the socket, unless nothing was heard for a while: then it may be too late when it arrives. */
  flush(): void {
    const socket = this.#socket;
    if (!this.#open || socket === undefined) return;
    const write = (bytes: Uint8Array, start: number, end: number): number => socket.write(bytes, start, end);
    if (!this.#partial) {
      this.#signs.flush(write);
      if (this.#signs.pendingBytes > 0) return;
    }
    if (this.#requests.pendingBytes === 0) return;
    if (!this.#partial && this.#owner.monotonicMs() - this.#heardAtMs > this.#owner.timing.suspectMs) return;
    this.#requests.flush(write);
    this.#partial = this.#requests.pendingBytes > 0;
  }

  /** Looks at the clock: now and then, every `timing.tickMs`. */
  tick(): void {
    if (this.#closed) return;
    const nowMs = this.#owner.monotonicMs();
    const { timing } = this.#owner;
    if (nowMs - this.#heardAtMs > timing.timeoutMs) this.#silent();
    if (this.#open) this.#ping(nowMs);
    else if (!this.#connecting && nowMs - this.#attemptedAtMs >= this.#retryMs) this.#connect(nowMs);
    else if (this.#connecting && nowMs - this.#attemptedAtMs > timing.timeoutMs)
      this.#fail("no answer to the attempt to connect");
    for (const [id, { answered, deadlineMs }] of this.#asks) {
      if (deadlineMs > nowMs) continue;
      this.#asks.delete(id);
      answered(undefined, "timeout");
    }
  }

  /** The other node is there: a new connection is tried at once. */
  hurry(): void {
    this.#retryMs = 0;
    this.tick();
    this.#retryMs = firstRetryMs;
  }

  /** Milliseconds from one attempt to connect to the next. */
  get retryMs(): number {
    return this.#retryMs;
  }

  #ping(nowMs: number): void {
    const header = { kind: frameKinds.ping, info: 0, id: 0, database: 0 };
    const at = this.#signs.begin(header, 8);
    new DataView(this.#signs.buffer.buffer).setFloat64(at, nowMs, true);
    this.flush();
  }

  #silent(): void {
    if (this.#open) this.#fail(`no answer for ${this.#owner.timing.timeoutMs} ms`);
    if (this.gone) return;
    this.gone = true;
    this.#giveUp("unreachable");
    this.#owner.reachable(this, false);
  }

  #connect(nowMs: number): void {
    this.#attemptedAtMs = nowMs;
    this.#connecting = true;
    this.#owner.connect(this, ++this.#attempt);
  }

  /** The connection is there. False when it is not wanted any more. */
  opened(socket: TransportSocket, attempt: number): boolean {
    if (attempt !== this.#attempt || !this.#connecting) return false;
    this.#socket = socket;
    this.#greetingText = "";
    const greeting = this.#owner.greeting(this);
    if (socket.write(greeting, 0, greeting.length) < greeting.length) this.#fail("it took no greeting");
    return true;
  }

  connectFailed(attempt: number, reason: string): void {
    if (attempt === this.#attempt && this.#connecting && this.#socket === undefined) this.#fail(reason);
  }

  drain(attempt: number): void {
    if (attempt === this.#attempt) this.flush();
  }

  closed(attempt: number): void {
    if (attempt === this.#attempt && this.#socket !== undefined) this.#fail("it closed the connection");
  }

  /** Ends the link for good. */
  close(): void {
    this.#closed = true;
    this.gone = true;
    this.#attempt++;
    this.#socket?.terminate();
    this.#socket = undefined;
    this.#open = false;
    this.#giveUp("unreachable");
  }

  data(chunk: Uint8Array, attempt: number): void {
    if (attempt !== this.#attempt || this.#socket === undefined) return;
    if (!this.#open) {
      this.#readWelcome(chunk);
      return;
    }
    this.#heardAtMs = this.#owner.monotonicMs();
    if (this.#reader?.feed(chunk) === false) this.#fail("it sent what is no frame");
    // What waited because nothing was heard.
    if (this.#requests.pendingBytes > 0) this.flush();
  }

  /** Lines of RESP: what AUTH answers, then the welcome or an error. */
  #readWelcome(chunk: Uint8Array): void {
    this.#greetingText += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString("latin1");
    if (this.#greetingText.length > maxGreetingBytes) return this.#refuse("its welcome is too long");
    for (;;) {
      const end = this.#greetingText.indexOf("\r\n");
      if (end < 0) return;
      const line = this.#greetingText.slice(0, end);
      this.#greetingText = this.#greetingText.slice(end + 2);
      if (line === "+OK") continue;
      if (!line.startsWith(`+${linkReply}`)) return this.#refuse(line.slice(1));
      const welcome = readWelcome(Buffer.from(line.slice(1 + linkReply.length), "latin1").toString("utf8"));
      if (welcome === undefined) return this.#refuse("its welcome cannot be understood");
      const refusal = this.#owner.welcomed(this, welcome);
      if (refusal !== undefined) return this.#refuse(refusal);
      this.#begin();
      const rest = Buffer.from(this.#greetingText, "latin1");
      this.#greetingText = "";
      if (rest.length > 0) this.data(rest, this.#attempt);
      return;
    }
  }

  #begin(): void {
    const nowMs = this.#owner.monotonicMs();
    this.#open = true;
    this.#connecting = false;
    this.#partial = false;
    this.#heardAtMs = nowMs;
    this.#retryMs = firstRetryMs;
    this.connections++;
    this.openedAtMs = nowMs;
    this.#signs.clear();
    this.#reader = new FrameReader((header, bytes, start, end) => this.#frame(header, bytes, start, end));
    if (this.gone || this.connections === 1) {
      this.gone = false;
      this.#owner.reachable(this, true);
    }
    this.#ping(nowMs);
  }

  #frame({ kind, id }: FrameHeader, bytes: Uint8Array, start: number, end: number): boolean {
    if (kind === frameKinds.replies) this.#owner.replies(this, id, bytes, start, end);
    else if (kind === frameKinds.answer) this.#answer(id, bytes.subarray(start, end));
    else if (kind === frameKinds.sessionEnded) this.#owner.sessionEnded(this, id);
    return this.#open;
  }

  #answer(id: number, answer: Uint8Array): void {
    const ask = this.#asks.get(id);
    if (ask === undefined) return;
    this.#asks.delete(id);
    ask.answered(answer, undefined);
  }

  #refuse(reason: string): void {
    this.#owner.refused(this, reason);
    this.#fail(reason);
  }

  /** Ends this connection; another will be tried after a while. */
  #fail(reason: string): void {
    const wasOpen = this.#open;
    this.#open = false;
    this.#connecting = false;
    this.#attempt++;
    this.#socket?.terminate();
    this.#socket = undefined;
    this.#reader = undefined;
    this.#attemptedAtMs = this.#owner.monotonicMs();
    this.#retryMs = Math.min(this.#retryMs * 2, longestRetryMs);
    this.#owner.failed(this, reason);
    if (wasOpen) this.#giveUp("unreachable");
  }

  /** What was sent may have been done or not; and what waits behind it must not be done without it. */
  #giveUp(failure: PeerFailure): void {
    this.#requests.clear();
    this.#signs.clear();
    this.#partial = false;
    const asks = [...this.#asks.values()];
    this.#asks.clear();
    this.#owner.lost(this);
    for (const { answered } of asks) answered(undefined, failure);
  }
}
