import { type FrameReader, SendBuffer } from "peer-link";
import type { ChannelReader, RawChannel } from "../../dispatch/client-channel.ts";
import type { Connection } from "../../network/connection.ts";
import type { NetworkServer } from "../../network/network-server.ts";
import type { Turn } from "../../network/turn.ts";
import type { ReplySink } from "../../network/turn-output.ts";
import {
  appendEmptyFrame,
  appendFrame,
  appendWholeFrames,
  emptyHeader,
  type FrameHeader,
  frameKinds,
  headerBytes,
  newFrameReader,
  noLoopBit,
  noTouchBit,
  pingTimeMs,
  readHeader,
  tracksBit,
  writeHeader,
} from "./frame.ts";
import type { LinkClock } from "./link-clock.ts";
import { LinkDelay } from "./link-delay.ts";
import type { LinkEvents } from "./link-events.ts";
import { type SessionLink, SessionSocket } from "./session-socket.ts";

/** The node's set of incoming links, as far as a link needs it. */
export interface IncomingLinkOwner {
  closed(link: IncomingLink, reason: string): void;
  /** Something is to be sent at the end of the turn. */
  dirty(): void;
}

export interface IncomingLinkParts {
  readonly owner: IncomingLinkOwner;
  readonly clock: LinkClock;
  readonly events: LinkEvents;
  readonly network: NetworkServer;
  readonly turn: Turn;
}

/** The node that opened a link. */
export interface LinkOrigin {
  readonly node: number;
  readonly name: string;
  readonly runId: string;
  /** Grows with each link of that run. */
  readonly number: number;
}

/**
 * - `up`: requests are carried out and answered.
 * - `paused`: too many bytes wait for the other node, because it does not read them or the disk is slow, so nothing is read
 *   from it either. Back to `up` when none wait. When that takes too long, the link ends as after any other silence.
 * - `deaf`: this node stops. What arrives is dropped, but what has been carried out is still answered.
 * - `closed`: for good.
 */
type LinkState = "up" | "paused" | "deaf" | "closed";

/** So many bytes of replies that are unread, or that wait for the log, pause a link. */
const pauseReadingBytes = 64 * 1024 * 1024;
/** Above this, a notification of a changed key ends the link: the other node then counts all keys as changed. */
const maxNotifiedBytes = 2 * pauseReadingBytes;
/** The first byte of a notification. */
const pushSign = 62;

/** A link that another node has opened. Each client of that node has a session here, which is a connection like any other. */
export class IncomingLink implements ChannelReader, SessionLink {
  readonly node: number;
  readonly name: string;
  readonly runId: string;
  readonly number: number;
  readonly openedAtMs: number;
  readonly #parts: IncomingLinkParts;
  readonly #channel: RawChannel;
  readonly #sessions = new Map<number, Connection>();
  readonly #reader: FrameReader;
  readonly #header = emptyHeader();
  readonly #output = new SendBuffer();
  readonly #answers: ReplySink;
  readonly #delay = new LinkDelay();
  /** Bytes of answers, and of replies of the sessions, that wait for the log. */
  #parkedBytes = 0;
  #heardAtMs: number;
  #isOverfull = false;
  #state: LinkState = "up";

  /** `takeOver` gives the connection to this link. */
  constructor(parts: IncomingLinkParts, origin: LinkOrigin, takeOver: (reader: ChannelReader) => RawChannel) {
    this.#parts = parts;
    this.node = origin.node;
    this.name = origin.name;
    this.runId = origin.runId;
    this.number = origin.number;
    this.#heardAtMs = parts.clock.monotonicMs();
    this.openedAtMs = this.#heardAtMs;
    this.#reader = newFrameReader((bytes, start, end) => this.#frame(bytes, start, end));
    this.#answers = {
      // Each answer stands for itself: it may overtake others.
      isParked: false,
      park: (bytes) => this.park(bytes),
      send: (bytes, start, end) => {
        appendWholeFrames(this.#output, bytes, start, end);
        parts.owner.dirty();
      },
      beforeEnd: () => {},
      finish: () => {},
      terminate: () => this.end("an answer could not be made safe"),
    };
    this.#channel = takeOver(this);
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Bytes that the other node has not read yet, or that wait for the log. */
  get pendingBytes(): number {
    return this.#output.pendingBytes + this.#parkedBytes;
  }

  /** The session of a client of the other node; undefined when it has none. */
  session(client: number): Connection | undefined {
    return this.#sessions.get(client);
  }

  /** Carries out nothing that arrives from now on. */
  stopListening(): void {
    if (this.#state !== "closed") this.#state = "deaf";
  }

  data(chunk: Uint8Array): void {
    if (this.#state === "closed" || this.#state === "deaf" || !this.#isFresh()) return;
    if (this.#reader.feed(chunk) !== undefined) this.end("it sent what is no frame");
  }

  /**
   * After a silence, what arrives may be old: this node or the network was frozen, and the clients have been told that
   * their node does not answer. So the link is closed, and the sender opens a new one.
   */
  #isFresh(): boolean {
    const { monotonicMs, timing } = this.#parts.clock;
    const nowMs = monotonicMs();
    const silentMs = nowMs - this.#heardAtMs;
    this.#heardAtMs = nowMs;
    if (silentMs <= timing.silenceMs) return true;
    this.end(`nothing was heard for ${Math.round(silentMs)} ms: what came meanwhile is not run`);
    return false;
  }

  #frame(bytes: Uint8Array, start: number, end: number): boolean {
    // Asked for each frame of a chunk too: a process may be frozen at any point.
    if (!this.#isFresh()) return false;
    const header = this.#header;
    const payload = readHeader(bytes, start, header);
    if (header.kind === frameKinds.relay) this.#relay(header, bytes, payload, end);
    else if (header.kind === frameKinds.ping) this.#ping(pingTimeMs(bytes, payload, end));
    else if (header.kind === frameKinds.ask) this.#ask(header, bytes.subarray(payload, end));
    else if (header.kind === frameKinds.notice) this.#notice(header.info, bytes.subarray(payload, end));
    else if (header.kind === frameKinds.endSession) this.#endSession(header.id);
    return this.#state !== "closed";
  }

  #relay(header: FrameHeader, bytes: Uint8Array, start: number, end: number): void {
    const session = this.openSession(header.id);
    const { context } = session;
    const { client } = context;
    if (client.database !== header.database) context.select(header.database);
    client.protocol = (header.info & 3) as 2 | 3;
    const noTouch = (header.info & noTouchBit) !== 0;
    if (client.noTouch !== noTouch) context.server.observers.noTouch.set(client, noTouch);
    const tracks = (header.info & tracksBit) !== 0;
    if (tracks || client.tracking !== undefined) {
      context.server.observers.tracking.setRelayed(client, { tracks, noLoop: (header.info & noLoopBit) !== 0 });
    }
    this.#parts.network.runSession(session, bytes, start, end);
  }

  openSession(client: number): Connection {
    const found = this.#sessions.get(client);
    if (found !== undefined) return found;
    const session = this.#parts.network.openSession(new SessionSocket(this, client));
    this.#sessions.set(client, session);
    return session;
  }

  #ping(sentAtMs: number): void {
    const { monotonicMs, timing } = this.#parts.clock;
    if (Number.isNaN(sentAtMs)) return this.end("it sent what is no frame");
    const delayMs = this.#delay.excess(sentAtMs, monotonicMs());
    if (delayMs > timing.delayMs) return this.end(`its messages take ${Math.round(delayMs)} ms longer than usual`);
    appendEmptyFrame(this.#output, { kind: frameKinds.pong, info: 0, id: 0, database: 0 });
    // At once: a sign of life does not wait for the log.
    this.flush();
  }

  #notice(kind: number, payload: Uint8Array): void {
    const { turn, events } = this.#parts;
    turn.run(() => events.notice(kind, this.node, payload));
  }

  #ask({ info, id }: FrameHeader, payload: Uint8Array): void {
    const { turn, events } = this.#parts;
    const handler = events.handlerOf(info);
    if (handler === undefined) return;
    let answered = false;
    const answer = (bytes: Uint8Array): void => {
      if (answered || this.#state === "closed") return;
      answered = true;
      turn.run(() => this.#writeAnswer(id, bytes));
    };
    turn.run(() => handler({ from: this.node, payload, answer }));
  }

  #writeAnswer(id: number, bytes: Uint8Array): void {
    this.#parts.turn.writeTo(this.#answers, (writer) => {
      writer.ensure(headerBytes);
      writeHeader(writer.bytes, writer.length, bytes.length, { kind: frameKinds.answer, info: 0, id, database: 0 });
      writer.length += headerBytes;
      writer.raw(bytes);
    });
  }

  sendReplies(client: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#state === "closed") return;
    if (bytes[start] === pushSign && this.pendingBytes > maxNotifiedBytes) this.#isOverfull = true;
    if (this.#isOverfull) return this.#parts.owner.dirty();
    appendFrame(this.#output, { kind: frameKinds.replies, info: 0, id: client, database: 0 }, bytes, start, end);
    this.#parts.owner.dirty();
  }

  sessionClosed(client: number): void {
    this.#endSession(client);
    if (this.#state === "closed") return;
    appendEmptyFrame(this.#output, { kind: frameKinds.sessionEnded, info: 0, id: client, database: 0 });
    this.#parts.owner.dirty();
  }

  #endSession(client: number): void {
    const session = this.#sessions.get(client);
    if (session === undefined) return;
    this.#sessions.delete(client);
    this.#parts.network.endSession(session);
  }

  park(bytes: number): void {
    this.#parkedBytes += bytes;
    if (bytes > 0) this.#pauseIfFull();
    // The sessions to which the replies belong may have ended: then nothing is sent, and nobody else asks for a flush.
    else if (this.#state === "paused") this.#parts.owner.dirty();
  }

  flush(): void {
    if (this.#state === "closed") return;
    if (this.#isOverfull) return this.end("too many notifications of changed keys wait for it");
    const channel = this.#channel;
    this.#output.flush((bytes, start, end) => channel.write(bytes, start, end));
    this.#pauseIfFull();
    if (this.#state !== "paused" || this.pendingBytes > 0) return;
    this.#state = "up";
    // The silence was this node's doing: it did not read.
    this.#heardAtMs = this.#parts.clock.monotonicMs();
    channel.resume();
  }

  #pauseIfFull(): void {
    if (this.#state !== "up" || this.pendingBytes <= pauseReadingBytes) return;
    this.#state = "paused";
    this.#channel.pause();
  }

  drain(): void {
    this.flush();
  }

  /** Closes the link when its node has been silent for too long; to be called every `timing.tickMs`. */
  tick(): void {
    const { monotonicMs, timing } = this.#parts.clock;
    const silentMs = monotonicMs() - this.#heardAtMs;
    if (silentMs > timing.timeoutMs) this.end(`nothing was heard for ${Math.round(silentMs)} ms`);
  }

  closed(): void {
    this.end("it closed the connection");
  }

  /** Ends the link and the sessions of its clients. */
  end(reason: string): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#channel.terminate();
    for (const session of this.#sessions.values()) this.#parts.network.endSession(session);
    this.#sessions.clear();
    this.#parts.owner.closed(this, reason);
  }
}
