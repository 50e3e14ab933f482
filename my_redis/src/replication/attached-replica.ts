import type { Client } from "../dispatch/client.ts";
import type { ChannelReader, ClientChannel, RawChannel } from "../dispatch/client-channel.ts";
import { Arguments } from "../protocol/arguments.ts";
import { RequestParser } from "../protocol/request-parser.ts";
import type { SharedBytes } from "./shared-bytes.ts";

/** A replica says little: its acknowledgements. */
const requestLimits = { maxBulkBytes: 64 * 1024, maxQueryBufferBytes: 256 * 1024 };

/** What a replica has said about itself before it asked for the data. */
export interface ReplicaFacts {
  port: number;
  /** The address to be announced for it, where that is not the address of its connection. */
  address: string;
  /** It can take a snapshot whose length is not known in advance. */
  takesEndMark: boolean;
  takesSecondId: boolean;
}

/** How far a replica is: it waits for a snapshot to begin, gets one, has got it, or gets the stream. */
export type ReplicaState = "waits" | "gets snapshot" | "has snapshot" | "online";

export interface ReplicaOwner {
  readonly monotonicMs: () => number;
  readonly stream: SharedBytes | undefined;
  /** The name of the command that it has sent. */
  commandName(args: Arguments): string;
  acknowledged(): void;
  /** The replica has got more of the snapshot, or all of it. */
  tookSnapshot(replica: AttachedReplica): void;
  left(replica: AttachedReplica): void;
}

/**
 * A replica of this server, at the other end of what was a client's connection. Nothing is queued for it: it has a place
 * in the snapshot and a place in the stream, which all replicas share.
 */
export class AttachedReplica implements ChannelReader {
  readonly client: Client;
  readonly facts: ReplicaFacts;
  /** It asked with PSYNC, so it wants to know the history's id. */
  readonly asksWithId: boolean;
  readonly sinceMs: number;
  state: ReplicaState = "waits";
  /** Its place in the stream: what it has been sent. Undefined while it waits. */
  sentOffset: number | undefined;
  ackedOffset = 0;
  /** What it has on its disk, as far as it has said so. */
  syncedOffset = -1;
  ackedAtMs = 0;
  /** When its socket last took something, or it said something. */
  aliveAtMs: number;
  aboveSoftSinceMs: number | undefined;
  /** When it began to get a snapshot, and when it had caught up with the stream. */
  syncStartedAtMs: number | undefined;
  caughtUpAtMs: number | undefined;
  /** Its place in the snapshot. */
  snapshotSent = 0;
  /** It was dropped because it lacked more than its limit allows. */
  isTooSlow = false;
  /** Why this server has ended the connection; undefined when the other end has. */
  dropReason: string | undefined;
  readonly #owner: ReplicaOwner;
  readonly #channel: RawChannel;
  readonly #parser = new RequestParser(requestLimits);
  readonly #args = new Arguments();
  #greeting: Uint8Array = new Uint8Array(0);
  #greetingSent = 0;
  #snapshot: SharedBytes | undefined;
  #snapshotIsWhole = false;
  #isOpen = false;
  #isGone = false;

  constructor(owner: ReplicaOwner, { client, facts, asksWithId, takeOver }: Asking) {
    this.#owner = owner;
    this.client = client;
    this.facts = facts;
    this.asksWithId = asksWithId;
    this.sinceMs = owner.monotonicMs();
    this.aliveAtMs = this.sinceMs;
    client.isReplica = true;
    client.noEvict = true;
    this.#channel = takeOver(this);
    // The replies of this turn come first. They are sent in the next round of the event loop.
    setImmediate(() => setImmediate(() => this.#open()));
  }

  /** "host:port" where it serves clients, for the log. */
  get name(): string {
    return `${this.address}:${this.facts.port}`;
  }

  /** All of its snapshot has been sent. */
  get hasSnapshot(): boolean {
    return this.state === "has snapshot" || this.state === "online";
  }

  get address(): string {
    return this.facts.address === "" ? hostOf(this.client.channel.remoteAddress) : this.facts.address;
  }

  #open(): void {
    this.#isOpen = this.client.channel.pendingBytes === 0;
    if (this.#isOpen) this.send();
    else if (!this.#isGone) setTimeout(() => this.#open(), 1);
  }

  /** It gets the stream after this offset. */
  continueFrom(offset: number, greeting: string): void {
    this.#greeting = Buffer.from(greeting, "latin1");
    this.sentOffset = offset;
    this.ackedOffset = offset;
    this.ackedAtMs = this.#owner.monotonicMs();
    this.state = "online";
    this.send();
  }

  /** A snapshot is taken for it, and then it gets the stream after this offset. */
  awaitSnapshot(offset: number, greeting: string): void {
    this.#greeting = Buffer.from(greeting, "latin1");
    this.sentOffset = offset;
    this.syncStartedAtMs = this.#owner.monotonicMs();
    this.send();
  }

  /** It gets the snapshot. `header` says how long it is, or how it ends. */
  beginSnapshot(snapshot: SharedBytes, header: string): void {
    this.#greeting = Buffer.concat([this.#greeting, Buffer.from(header, "latin1")]);
    this.#snapshot = snapshot;
    this.state = "gets snapshot";
    this.send();
  }

  /** Its snapshot cannot be taken. */
  refuse(message: string): void {
    const error = Buffer.from(`-${message}\r\n`, "latin1");
    this.#write(error, 0, error.length);
    this.drop("its snapshot cannot be taken");
  }

  /** All of the snapshot is there: it ends where it now ends. */
  endSnapshot(): void {
    this.#snapshotIsWhole = true;
    this.send();
  }

  /** A sign of life while it waits: replicas read over empty lines. */
  keepAwake(): void {
    const isSilent = this.#isOpen && this.state === "waits" && this.#greetingSent === this.#greeting.length;
    if (isSilent) this.#channel.write(Buffer.from("\n"), 0, 1);
  }

  /** Sends as much as its socket takes. */
  send(): void {
    if (!this.#isOpen || this.#isGone) return;
    if (this.#greetingSent < this.#greeting.length) {
      this.#greetingSent += this.#write(this.#greeting, this.#greetingSent, this.#greeting.length);
      if (this.#greetingSent < this.#greeting.length) return;
    }
    if (this.state === "gets snapshot") this.#sendSnapshot();
    const { stream } = this.#owner;
    if (this.state !== "online" || stream === undefined || this.sentOffset === undefined) return;
    this.sentOffset = this.#sendFrom(stream, this.sentOffset);
    if (this.sentOffset === stream.end) this.caughtUpAtMs ??= this.#owner.monotonicMs();
  }

  #sendSnapshot(): void {
    const snapshot = this.#snapshot as SharedBytes;
    this.snapshotSent = this.#sendFrom(snapshot, this.snapshotSent);
    if (this.#snapshotIsWhole && this.snapshotSent === snapshot.end) {
      this.#snapshot = undefined;
      // It finds the end mark at the end of what it has received, so nothing may follow until it has answered.
      this.state = this.facts.takesEndMark ? "has snapshot" : "online";
      if (this.state === "online") this.ackedAtMs = this.#owner.monotonicMs();
    }
    this.#owner.tookSnapshot(this);
  }

  /** Sends as much as its socket takes from this position on. Gives the position after that. */
  #sendFrom(shared: SharedBytes, position: number): number {
    let sent = position;
    for (let block = shared.from(sent); block !== undefined; block = shared.from(sent)) {
      const { bytes, first, used } = block;
      sent += this.#write(bytes, sent - first, used);
      if (sent < first + used) break;
    }
    return sent;
  }

  #write(bytes: Uint8Array, start: number, end: number): number {
    const taken = this.#channel.write(bytes, start, end);
    if (taken > 0) this.aliveAtMs = this.#owner.monotonicMs();
    return taken;
  }

  data(chunk: Uint8Array): void {
    this.aliveAtMs = this.#owner.monotonicMs();
    this.client.lastActiveMs = this.aliveAtMs;
    const args = this.#args;
    let result = this.#parser.feed(chunk) ? this.#parser.next(args) : "error";
    for (; (result === "request" || result === "empty") && !this.#isGone; result = this.#parser.next(args)) {
      if (result === "request") this.#take(args);
    }
    if (this.#isGone) return;
    if (result === "error") this.drop("it does not speak the protocol");
    else this.#parser.keepRest(args);
  }

  #take(args: Arguments): void {
    if (args.is(0, "replconf")) return this.#acknowledge(args);
    if (args.is(0, "psync") || args.is(0, "sync")) return;
    // A reply would stand in the middle of its stream, and without one it may wait for ever.
    this.drop(`it has sent the command '${this.#owner.commandName(args)}', and replicas get no replies`);
  }

  /** Other things that it says about itself come too late, and are passed over. */
  #acknowledge(args: Arguments): void {
    if (args.count < 3 || !args.is(1, "ack")) return;
    const offset = Number(args.latin1(2));
    if (!Number.isSafeInteger(offset) || offset < 0) return;
    this.ackedAtMs = this.#owner.monotonicMs();
    this.ackedOffset = Math.max(this.ackedOffset, offset);
    const synced = args.count >= 5 && args.is(3, "fack") ? Number(args.latin1(4)) : -1;
    if (Number.isSafeInteger(synced)) this.syncedOffset = Math.max(this.syncedOffset, synced);
    if (this.state === "has snapshot") {
      this.state = "online";
      this.send();
    }
    this.#owner.acknowledged();
  }

  drain(): void {
    this.send();
  }

  /** Ends the connection. */
  drop(reason: string): void {
    if (this.#isGone) return;
    this.dropReason = reason;
    this.closed();
    this.#channel.terminate();
  }

  closed(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#owner.left(this);
  }
}

/** The host of "host:port". */
export const hostOf = (address: string): string => address.slice(0, address.lastIndexOf(":"));

/** A client that asks to become a replica. */
export interface Asking {
  readonly client: Client;
  readonly facts: ReplicaFacts;
  readonly asksWithId: boolean;
  readonly takeOver: NonNullable<ClientChannel["takeOver"]>;
}
