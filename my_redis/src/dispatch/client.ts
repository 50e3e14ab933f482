import type { Arguments } from "../protocol/arguments.ts";
import type { Tracking } from "./observers/client-tracking.ts";
import type { Command } from "./command.ts";
import type { Subscriptions } from "./pub-sub.ts";
import type { Relaying } from "./request-router.ts";

/** How a client's replies leave; commands never see the socket behind it. */
export interface ClientChannel {
  readonly remoteAddress: string;
  readonly localAddress: string;
  /** Bytes written and not yet taken by the client. */
  readonly pendingBytes: number;
  /** Bytes received of a request that is not complete. */
  readonly heldBytes: number;
  /** Closes at once; what has not been sent is dropped. */
  kill(): void;
  /** Closes once everything written before has been sent. */
  closeAfterReplies(): void;
  /** Reads no more requests until `resume`: for a blocked client. */
  pause(): void;
  /** Goes on with what the client sent meanwhile. */
  resume(): void;
  /** From now on what arrives is for this reader: the other end is a node, and no client any more. */
  takeOver?(reader: ChannelReader): RawChannel;
}

/** Takes the bytes of a channel as they come. */
export interface ChannelReader {
  /** The chunk is valid only during the call. */
  data(chunk: Uint8Array): void;
  /** More can be written. */
  drain(): void;
  closed(): void;
}

/** A channel that has been taken over. */
export interface RawChannel {
  /** Gives how many of bytes[start, end) were taken; the rest is to be offered again after `drain`. */
  write(bytes: Uint8Array, start: number, end: number): number;
  /** Takes no more bytes from the other end until `resume`. */
  pause(): void;
  resume(): void;
  terminate(): void;
}

export interface QueuedCommand {
  readonly command: Command;
  readonly args: Arguments;
}

/** A client's MULTI. */
export interface Transaction {
  readonly queued: QueuedCommand[];
  /** Bytes of the requests in the queue. */
  queuedBytes: number;
  /** A command was refused while queueing: EXEC will answer EXECABORT. */
  aborted: boolean;
}

export interface WatchedKey {
  readonly database: number;
  /** One character per byte. */
  readonly key: string;
}

/** What a client who has waited for nothing is answered. */
export type TimeoutReply = "null" | "nullArray" | "zero";

/** What a client waits for in a blocking command. */
export interface Blocked {
  readonly command: Command;
  readonly args: Arguments;
  readonly database: number;
  /** One character per byte. */
  readonly keys: readonly string[];
  /** Moment of the timeout, Unix milliseconds; Infinity to wait for ever. */
  readonly deadlineMs: number;
  /** Writes the reply of a timeout. */
  readonly timeoutReply: TimeoutReply;
}

/** Everything the server knows of one connected client, or of the pseudo client of a script or of the log loader. */
export class Client {
  readonly id: number;
  readonly channel: ClientChannel;
  readonly createdAtMs: number;
  /** One character per byte. */
  name = "";
  libraryName = "";
  libraryVersion = "";
  user = "default";
  protocol: 2 | 3 = 2;
  database = 0;
  authenticated = false;
  lastActiveMs: number;
  lastCommand: Command | undefined;
  transaction: Transaction | undefined;
  watched: WatchedKey[] = [];
  /** A watched key was changed: EXEC answers nil. */
  watchBroken = false;
  blocked: Blocked | undefined;
  /** Undefined while there are none. */
  subscriptions: Subscriptions | undefined;
  replyMode: "on" | "off" | "skip-next" | "skip" = "on";
  noEvict = false;
  noTouch = false;
  /** Is told of every command: see MONITOR. */
  monitoring = false;
  /** Hears of changes to keys: see CLIENT TRACKING. A script's pseudo client has that of its caller. */
  tracking: Tracking | undefined;
  /** "normal" clients, those of other nodes ("relayed"), and pseudo clients whose replies nobody waits for. */
  readonly kind: "normal" | "relayed" | "script" | "loader";
  closing = false;
  /** He is away. */
  gone = false;
  /** A request of his has been put aside, and nothing further is read before it is answered. */
  postponed = false;
  /** What other nodes do for him; undefined before they first do. */
  relaying: Relaying | undefined;

  constructor(id: number, channel: ClientChannel, nowMs: number, kind: Client["kind"] = "normal") {
    this.id = id;
    this.channel = channel;
    this.createdAtMs = nowMs;
    this.lastActiveMs = nowMs;
    this.kind = kind;
  }
}

/** The channel of a pseudo client. */
export const noChannel: ClientChannel = {
  remoteAddress: "",
  localAddress: "",
  pendingBytes: 0,
  heldBytes: 0,
  kill() {},
  closeAfterReplies() {},
  pause() {},
  resume() {},
};
