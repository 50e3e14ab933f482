import type { ChannelReader, RawChannel } from "../../dispatch/client-channel.ts";
import type { Connection } from "../../network/connection.ts";
import type { NetworkServer } from "../../network/network-server.ts";
import type { Turn } from "../../network/turn.ts";
import type { ReplySink } from "../../network/turn-output.ts";
import type { PeerRequest } from "../peer-channel.ts";
import { type FrameHeader, frameKinds, headerBytes, noTouchBit, writeHeader } from "./frame.ts";
import { FrameReader } from "./frame-reader.ts";
import { LinkOutput } from "./link-output.ts";
import { LinkDelay } from "./link-delay.ts";
import type { LinkTiming } from "./link-timing.ts";
import { type SessionLink, SessionSocket } from "./session-socket.ts";

/** What a link needs of the node to which it was opened. */
export interface IncomingLinkOwner {
  readonly timing: LinkTiming;
  readonly network: NetworkServer;
  readonly turn: Turn;
  monotonicMs(): number;
  handlerOf(kind: number): ((request: PeerRequest) => void) | undefined;
  closed(link: IncomingLink, reason: string): void;
  dirty(): void;
}

/** Replies that the other node does not take: above so many bytes nothing more is read from it. */
const pauseReadingBytes = 64 * 1024 * 1024;
const emptyBytes = new Uint8Array(0);

/** A link that another node has opened: its clients' requests come in, each client's as those of a session of his own. */
export class IncomingLink implements ChannelReader, SessionLink {
  readonly name: string;
  readonly node: number;
  readonly runId: string;
  readonly number: number;
  readonly openedAtMs: number;
  readonly #owner: IncomingLinkOwner;
  readonly #sessions = new Map<number, Connection>();
  readonly #reader: FrameReader;
  readonly #output = new LinkOutput();
  readonly #answers: ReplySink;
  readonly #delay = new LinkDelay();
  #channel: RawChannel | undefined;
  #heardAtMs: number;
  #stopped = false;
  #over = false;
  #deaf = false;

  constructor(owner: IncomingLinkOwner, from: { node: number; name: string; runId: string; number: number }) {
    this.#owner = owner;
    this.node = from.node;
    this.name = from.name;
    this.runId = from.runId;
    this.number = from.number;
    this.#heardAtMs = owner.monotonicMs();
    this.openedAtMs = this.#heardAtMs;
    this.#reader = new FrameReader((header, bytes, start, end) => this.#frame(header, bytes, start, end));
    this.#answers = {
      send: (bytes, start, end) => {
        this.#output.appendFrames(bytes, start, end);
        this.#owner.dirty();
      },
      finish: () => {},
      terminate: () => this.end("an answer could not be made safe"),
    };
  }

  attach(channel: RawChannel): void {
    this.#channel = channel;
  }

  get pendingBytes(): number {
    return this.#output.pendingBytes;
  }

  /** The client of a session, if it is there. */
  session(client: number): Connection | undefined {
    return this.#sessions.get(client);
  }

  /** What comes from now on is not run. */
  stopListening(): void {
    this.#deaf = true;
  }

  data(chunk: Uint8Array): void {
    if (this.#over || this.#deaf || !this.#isFresh()) return;
    if (!this.#reader.feed(chunk)) this.end("it sent what is no frame");
  }

  /**
   * After a silence what arrives may be old: this node was frozen, or the network was, and the clients that the
   * requests came from have been told that their node does not answer. The sender opens a new link.
   */
  #isFresh(): boolean {
    const nowMs = this.#owner.monotonicMs();
    const silentMs = nowMs - this.#heardAtMs;
    this.#heardAtMs = nowMs;
    if (silentMs <= this.#owner.timing.silenceMs) return true;
    this.end(`nothing was heard for ${Math.round(silentMs)} ms: what came meanwhile is not run`);
    return false;
  }

  #frame(header: FrameHeader, bytes: Uint8Array, start: number, end: number): boolean {
    // Also within a chunk: a node may be frozen at any point.
    if (!this.#isFresh()) return false;
    if (header.kind === frameKinds.relay) this.#relay(header, bytes, start, end);
    else if (header.kind === frameKinds.ping) return this.#ping(bytes, start);
    else if (header.kind === frameKinds.ask) this.#ask(header, bytes.subarray(start, end));
    else if (header.kind === frameKinds.endSession) this.#endSession(header.id);
    return !this.#over;
  }

  #relay(header: FrameHeader, bytes: Uint8Array, start: number, end: number): void {
    const { network } = this.#owner;
    let session = this.#sessions.get(header.id);
    if (session === undefined) {
      session = network.openSession(new SessionSocket(this, header.id));
      this.#sessions.set(header.id, session);
    }
    const { context } = session;
    const { client } = context;
    if (client.database !== header.database) context.select(header.database);
    client.protocol = (header.info & 3) as 2 | 3;
    const noTouch = (header.info & noTouchBit) !== 0;
    if (client.noTouch !== noTouch) context.server.observers.noTouch.set(client, noTouch);
    network.runSession(session, bytes, start, end);
  }

  #ping(bytes: Uint8Array, start: number): boolean {
    const sentAtMs = new DataView(bytes.buffer, bytes.byteOffset + start, 8).getFloat64(0, true);
    const delayMs = this.#delay.excess(sentAtMs, this.#owner.monotonicMs());
    if (delayMs > this.#owner.timing.delayMs) {
      this.end(`its messages take ${Math.round(delayMs)} ms longer than usual`);
      return false;
    }
    this.#output.append({ kind: frameKinds.pong, info: 0, id: 0, database: 0 }, emptyBytes, 0, 0);
    // At once: signs of life do not wait for anybody's log.
    this.flush();
    return !this.#over;
  }

  #ask({ info, id }: FrameHeader, payload: Uint8Array): void {
    const { turn } = this.#owner;
    const handler = this.#owner.handlerOf(info);
    if (handler === undefined) return;
    let answered = false;
    const answer = (bytes: Uint8Array): void => {
      if (answered || this.#over) return;
      answered = true;
      turn.run(() => this.#writeAnswer(id, bytes));
    };
    turn.run(() => handler({ from: this.node, payload, answer }));
  }

  #writeAnswer(id: number, bytes: Uint8Array): void {
    this.#owner.turn.writeTo(this.#answers, (writer) => {
      writer.ensure(headerBytes);
      writeHeader(writer.bytes, writer.length, bytes.length, { kind: frameKinds.answer, info: 0, id, database: 0 });
      writer.length += headerBytes;
      writer.raw(bytes);
    });
  }

  sendReplies(client: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#over) return;
    this.#output.append({ kind: frameKinds.replies, info: 0, id: client, database: 0 }, bytes, start, end);
    this.#owner.dirty();
  }

  sessionClosed(client: number): void {
    this.#endSession(client);
    if (this.#over) return;
    this.#output.append({ kind: frameKinds.sessionEnded, info: 0, id: client, database: 0 }, emptyBytes, 0, 0);
    this.#owner.dirty();
  }

  #endSession(client: number): void {
    const session = this.#sessions.get(client);
    if (session === undefined) return;
    this.#sessions.delete(client);
    this.#owner.network.endSession(session);
  }

  flush(): void {
    const channel = this.#channel;
    if (channel === undefined || this.#over) return;
    this.#output.flush((bytes, start, end) => channel.write(bytes, start, end));
    if (this.#output.pendingBytes <= pauseReadingBytes || this.#stopped) return;
    this.#stopped = true;
    channel.pause();
  }

  drain(): void {
    this.flush();
    if (!this.#stopped || this.#output.pendingBytes > 0) return;
    this.#stopped = false;
    // It was this side that kept it from being heard.
    this.#heardAtMs = this.#owner.monotonicMs();
    this.#channel?.resume();
  }

  /** Looks at the clock: now and then. */
  tick(): void {
    const silentMs = this.#owner.monotonicMs() - this.#heardAtMs;
    if (silentMs > this.#owner.timing.timeoutMs) this.end(`nothing was heard for ${Math.round(silentMs)} ms`);
  }

  closed(): void {
    this.end("it closed the connection");
  }

  /** Ends the link, and with it everything that waits here for its clients. */
  end(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#channel?.terminate();
    for (const session of this.#sessions.values()) this.#owner.network.endSession(session);
    this.#sessions.clear();
    this.#owner.closed(this, reason);
  }
}
