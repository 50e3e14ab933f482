import { type FrameReader, RetryPause, SendBuffer } from "peer-link";
import type { TransportSocket } from "../../network/transport.ts";
import type { PeerAnswered, PeerFailure } from "../peer-channel.ts";
import {
  appendEmptyFrame,
  appendFrame,
  appendPing,
  emptyHeader,
  frameKinds,
  newFrameReader,
  readHeader,
} from "./frame.ts";
import type { LinkClock } from "./link-clock.ts";
import type { LinkEvents, RelayReceiver } from "./link-events.ts";
import type { LinkWelcome } from "./link-greeting.ts";
import { WaitingAsks } from "./waiting-asks.ts";
import { WelcomeReader } from "./welcome-reader.ts";

/** The node's set of outgoing links, as far as a link needs it. */
export interface OutgoingLinkOwner {
  /** Begins to connect; the link's `opened` or `connectFailed` follows with the same number. */
  connect(link: OutgoingLink, attempt: number): void;
  /** The bytes that ask for the link. */
  greeting(link: OutgoingLink): Uint8Array;
  /** The other node has introduced itself. Gives the reason why there can be no link, or undefined. */
  welcomed(link: OutgoingLink, welcome: LinkWelcome): string | undefined;
  /** There can be no link, for this reason. */
  refused(link: OutgoingLink, reason: string): void;
  /** A connection, or an attempt to connect, has ended; the next attempt follows after `pauseMs`. */
  failed(link: OutgoingLink, reason: string, pauseMs: number): void;
  /** Something is to be sent at the end of the turn. */
  dirty(): void;
}

export interface OutgoingLinkParts {
  readonly owner: OutgoingLinkOwner;
  readonly clock: LinkClock;
  readonly events: LinkEvents;
  readonly receiver: RelayReceiver;
}

/**
 * away -> calling -> greeting -> up, from each of them back to away when the connection fails, and from each of them to
 * closed, for good. `attempt` tells one connection from the next: what a former one reports is ignored.
 */
type LinkState =
  | { readonly name: "away" }
  | { readonly name: "calling"; readonly attempt: number; readonly sinceMs: number }
  | {
      readonly name: "greeting";
      readonly attempt: number;
      readonly sinceMs: number;
      readonly socket: TransportSocket;
      readonly reader: WelcomeReader;
    }
  | {
      readonly name: "up";
      readonly attempt: number;
      readonly socket: TransportSocket;
      readonly reader: FrameReader;
      /** The socket took a part of the last write of requests: nothing may come in between. */
      isPartial: boolean;
    }
  | { readonly name: "closed" };

/** Bytes that may wait for one node when cluster-link-sendbuf-limit is 0. */
const defaultMaxPendingBytes = 64 * 1024 * 1024;
/** Above this, notices for a node that does not read are dropped. */
const maxNoticeBytes = 1024 * 1024;
const retryPause = { firstMs: 40, longestMs: 1000 };

/**
 * The connection that this node opens to one other: the requests of its clients go out, the replies come back. A lost
 * connection is opened again, and new requests wait for it, until the node has been silent for cluster-node-timeout.
 */
export class OutgoingLink {
  readonly node: number;
  readonly name: string;
  readonly #parts: OutgoingLinkParts;
  readonly #header = emptyHeader();
  readonly #requests = new SendBuffer();
  readonly #pings = new SendBuffer();
  readonly #asks = new WaitingAsks();
  readonly #retry = new RetryPause(retryPause);
  #state: LinkState = { name: "away" };
  #attempts = 0;
  #connections = 0;
  #openedAtMs = 0;
  #maxPendingBytes = defaultMaxPendingBytes;
  #heardAtMs: number;
  #isGone = false;

  constructor(parts: OutgoingLinkParts, node: number, name: string) {
    this.#parts = parts;
    this.node = node;
    this.name = name;
    // A node that has not been heard yet may just be starting: it gets the whole timeout.
    this.#heardAtMs = parts.clock.monotonicMs();
  }

  get state(): LinkState["name"] {
    return this.#state.name;
  }

  get isOpen(): boolean {
    return this.#state.name === "up";
  }

  /** The node has been silent for cluster-node-timeout: nothing waits for it, though it is still called. */
  get gone(): boolean {
    return this.#isGone;
  }

  get maxPendingBytes(): number {
    return this.#maxPendingBytes;
  }

  get pendingBytes(): number {
    return this.#requests.pendingBytes;
  }

  /** When the present connection came up, on the monotonic clock. */
  get openedAtMs(): number {
    return this.#openedAtMs;
  }

  /** When the node was last heard, on the monotonic clock. */
  get heardAtMs(): number {
    return this.#heardAtMs;
  }

  /** Sets how many bytes may wait; 0 for the default. */
  limitPending(bytes: number): void {
    this.#maxPendingBytes = bytes > 0 ? bytes : defaultMaxPendingBytes;
  }

  /** Whether `bytes` more may wait. A single request is accepted however long it is. */
  hasRoom(bytes: number): boolean {
    if (this.#fits(bytes)) return true;
    // One turn may bring more than the limit, and the socket may take it at once.
    this.flush();
    return this.#fits(bytes);
  }

  #fits(bytes: number): boolean {
    const pending = this.#requests.pendingBytes;
    return pending === 0 || pending + bytes <= this.#maxPendingBytes;
  }

  /** Sends requests of a client, bytes[start, end). The caller has asked `hasRoom`. */
  relay(client: number, info: number, database: number, bytes: Uint8Array, start: number, end: number): void {
    const header = this.#header;
    header.kind = frameKinds.relay;
    header.info = info;
    header.id = client;
    header.database = database;
    appendFrame(this.#requests, header, bytes, start, end);
    this.#parts.owner.dirty();
  }

  /** Sends something that needs no answer before all requests that wait. It is lost where the link is not up. */
  notify(kind: number, payload: Uint8Array): void {
    if (this.#state.name !== "up" || this.#pings.pendingBytes > maxNoticeBytes) return;
    const header = { kind: frameKinds.notice, info: kind, id: 0, database: 0 };
    appendFrame(this.#pings, header, payload, 0, payload.length);
    this.flush();
  }

  endSession(client: number): void {
    if (this.#isGone) return;
    appendEmptyFrame(this.#requests, { kind: frameKinds.endSession, info: 0, id: client, database: 0 });
    this.#parts.owner.dirty();
  }

  /** See PeerChannel.request. */
  ask(kind: number, payload: Uint8Array, answered: PeerAnswered, timeoutMs: number): void {
    const later = (failure: PeerFailure): void => queueMicrotask(() => answered(undefined, failure));
    if (this.#isGone) return later("unreachable");
    if (this.#asks.isFull || !this.hasRoom(payload.length)) return later("refused");
    const id = this.#asks.add(answered, this.#parts.clock.monotonicMs() + timeoutMs);
    appendFrame(this.#requests, { kind: frameKinds.ask, info: kind, id, database: 0 }, payload, 0, payload.length);
    this.#parts.owner.dirty();
  }

  /**
   * Gives what waits to the socket. After a silence only pings are sent: a request might arrive when it is too late to
   * carry it out.
   */
  flush(): void {
    const state = this.#state;
    if (state.name !== "up") return;
    const { socket } = state;
    const write = (bytes: Uint8Array, start: number, end: number): number => socket.write(bytes, start, end);
    if (!state.isPartial) {
      this.#pings.flush(write);
      if (this.#pings.pendingBytes > 0) return;
    }
    if (this.#requests.pendingBytes === 0) return;
    const { clock } = this.#parts;
    if (!state.isPartial && clock.monotonicMs() - this.#heardAtMs > clock.timing.suspectMs) return;
    this.#requests.flush(write);
    state.isPartial = this.#requests.pendingBytes > 0;
  }

  /** Does what is due by now; to be called every `timing.tickMs`. */
  tick(): void {
    if (this.#state.name === "closed") return;
    const { clock } = this.#parts;
    const nowMs = clock.monotonicMs();
    const { timeoutMs } = clock.timing;
    if (nowMs - this.#heardAtMs > timeoutMs) this.#silent();
    const state = this.#state;
    if (state.name === "up") this.#ping(nowMs);
    else if (state.name === "away") this.#callIfDue(nowMs);
    else if (nowMs - state.sinceMs > timeoutMs) this.#fail("no answer to the attempt to connect");
    this.#asks.expire(nowMs);
  }

  /** The other node is known to be there: a link that is away is tried at once. */
  hurry(): void {
    if (this.#state.name === "up") return;
    this.#retry.reset();
    this.tick();
  }

  #ping(nowMs: number): void {
    appendPing(this.#pings, nowMs);
    this.flush();
  }

  #silent(): void {
    if (this.#state.name === "up") this.#fail(`no answer for ${this.#parts.clock.timing.timeoutMs} ms`);
    if (this.#isGone) return;
    this.#isGone = true;
    this.#giveUp();
    this.#parts.events.reachable(this.node, false);
  }

  /** The one place where the state changes. A socket that the next state does not have is closed. */
  #become(next: LinkState): void {
    const before = this.#state;
    this.#state = next;
    if ("socket" in before && !("socket" in next)) before.socket.terminate();
  }

  #callIfDue(nowMs: number): void {
    if (!this.#retry.isDue(nowMs)) return;
    const attempt = ++this.#attempts;
    this.#become({ name: "calling", attempt, sinceMs: nowMs });
    this.#parts.owner.connect(this, attempt);
  }

  /** The connection is there. False when it is not wanted any more: the caller closes it. */
  opened(socket: TransportSocket, attempt: number): boolean {
    const state = this.#state;
    if (state.name !== "calling" || state.attempt !== attempt) return false;
    this.#become({ name: "greeting", attempt, sinceMs: state.sinceMs, socket, reader: new WelcomeReader() });
    const greeting = this.#parts.owner.greeting(this);
    if (socket.write(greeting, 0, greeting.length) < greeting.length) this.#fail("it took no greeting");
    return true;
  }

  connectFailed(attempt: number, reason: string): void {
    if (this.#state.name === "calling" && this.#state.attempt === attempt) this.#fail(reason);
  }

  drain(attempt: number): void {
    if (this.#state.name === "up" && this.#state.attempt === attempt) this.flush();
  }

  closed(attempt: number): void {
    const state = this.#state;
    if ("socket" in state && state.attempt === attempt) this.#fail("it closed the connection");
  }

  /** Ends the link for good. */
  close(): void {
    if (this.#state.name === "closed") return;
    this.#become({ name: "closed" });
    this.#isGone = true;
    this.#giveUp();
  }

  data(chunk: Uint8Array, attempt: number): void {
    const state = this.#state;
    if (state.name === "greeting" && state.attempt === attempt) return this.#greeted(state, chunk);
    if (state.name !== "up" || state.attempt !== attempt) return;
    this.#heardAtMs = this.#parts.clock.monotonicMs();
    if (state.reader.feed(chunk) !== undefined) this.#fail("it sent what is no frame");
    // Requests that were held back because the node had been silent.
    if (this.#requests.pendingBytes > 0) this.flush();
  }

  #greeted(state: LinkState & { readonly name: "greeting" }, chunk: Uint8Array): void {
    const outcome = state.reader.feed(chunk);
    if (outcome.name === "incomplete") return;
    const { owner } = this.#parts;
    const refusal = outcome.name === "refused" ? outcome.reason : owner.welcomed(this, outcome.welcome);
    if (refusal !== undefined) {
      owner.refused(this, refusal);
      this.#fail(refusal);
      return;
    }
    this.#begin(state.socket, state.attempt);
    if (outcome.name === "welcome" && outcome.rest.length > 0) this.data(outcome.rest, state.attempt);
  }

  #begin(socket: TransportSocket, attempt: number): void {
    const nowMs = this.#parts.clock.monotonicMs();
    const reader = newFrameReader((bytes, start, end) => this.#frame(bytes, start, end));
    this.#become({ name: "up", attempt, socket, reader, isPartial: false });
    this.#heardAtMs = nowMs;
    this.#openedAtMs = nowMs;
    this.#connections++;
    this.#retry.reset();
    this.#pings.clear();
    if (this.#isGone || this.#connections === 1) {
      this.#isGone = false;
      this.#parts.events.reachable(this.node, true);
    }
    this.#ping(nowMs);
  }

  #frame(bytes: Uint8Array, start: number, end: number): boolean {
    const header = this.#header;
    const payload = readHeader(bytes, start, header);
    const { kind, id } = header;
    const { receiver } = this.#parts;
    if (kind === frameKinds.replies) receiver.replies(this.node, id, bytes, payload, end);
    else if (kind === frameKinds.answer) this.#asks.answer(id, bytes.subarray(payload, end));
    else if (kind === frameKinds.sessionEnded) receiver.sessionEnded(this.node, id);
    return this.#state.name === "up";
  }

  /** Ends this connection; another is tried after a pause. */
  #fail(reason: string): void {
    if (this.#state.name === "closed") return;
    const wasUp = this.#state.name === "up";
    this.#become({ name: "away" });
    this.#retry.failed(this.#parts.clock.monotonicMs());
    this.#parts.owner.failed(this, reason, this.#retry.pauseMs);
    if (wasUp) this.#giveUp();
  }

  /**
   * Drops all that waits. What was sent may have been carried out or not, and what waits behind it must not be carried
   * out without it.
   */
  #giveUp(): void {
    this.#requests.clear();
    this.#pings.clear();
    const unanswered = this.#asks.takeAll();
    this.#parts.events.lost(this.node);
    for (const answered of unanswered) answered(undefined, "unreachable");
  }
}
