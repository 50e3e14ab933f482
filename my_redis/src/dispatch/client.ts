import type { Arguments } from "../protocol/arguments.ts";
import type { ReplyWriter } from "../protocol/reply-writer.ts";
import type { ClientChannel } from "./client-channel.ts";
import type { CommandFacts } from "./command-facts.ts";
import type { Relaying } from "./relaying.ts";

export interface QueuedCommand<Entry = CommandFacts> {
  readonly command: Entry;
  readonly args: Arguments;
}

/** A client's MULTI. */
export interface Transaction<Entry = CommandFacts> {
  readonly queued: QueuedCommand<Entry>[];
  /** Bytes of the requests in the queue. */
  queuedBytes: number;
  /** Why a command was refused while queueing, so that EXEC will answer EXECABORT. Undefined: none was. */
  refusal: string | undefined;
}

export interface WatchedKey {
  /** The key had expired when WATCH was called, and was not deleted yet. */
  expired: boolean;
  readonly database: number;
  /** One character per byte. */
  readonly key: string;
}

/** The reply to a blocking command whose timeout has passed. */
export type TimeoutReply = "null" | "nullArray" | "zero" | ((reply: ReplyWriter) => void);

/** How long a client waits. */
export interface BlockOptions {
  /** 0: for ever. */
  readonly timeoutMs: number;
  readonly timeoutReply: TimeoutReply;
  /** The wait also ends when a key is gone: the client's command then has an error to give. */
  readonly untilGone?: boolean;
}

/** A blocked client's command, and the keys for which it waits. */
export interface Blocked<Entry = CommandFacts> {
  readonly command: Entry;
  readonly args: Arguments;
  readonly database: number;
  /** One character per byte. */
  readonly keys: readonly string[];
  /** Moment of the timeout by the monotonic clock; Infinity to wait for ever. */
  readonly deadlineMs: number;
  readonly timeoutReply: TimeoutReply;
  readonly untilGone: boolean;
}

/** Channels and patterns share one name space; shard channels have their own. */
export type SubscriptionKind = "channel" | "pattern" | "shard";

/** A client's subscriptions, in the order in which it subscribed; one character per byte. */
export type Subscriptions = Readonly<Record<SubscriptionKind, Set<string>>>;

/** The options of CLIENT TRACKING that a client chose. */
export interface TrackingMode {
  /** The client is notified of all keys with one of the prefixes, instead of the keys that it has read. */
  readonly broadcast: boolean;
  /**
   * OPTIN: only keys of commands after CLIENT CACHING YES are tracked. OPTOUT: all keys but those after CLIENT CACHING
   * NO.
   */
  readonly optIn: boolean;
  readonly optOut: boolean;
  /** The client is not notified of its own changes. */
  readonly noLoop: boolean;
  /** Id of the client that gets the notifications instead; 0 for none. */
  readonly redirect: number;
  /** One character per byte. */
  readonly prefixes: readonly string[];
}

/** One client's tracking. */
export interface Tracking {
  readonly client: Client;
  mode: TrackingMode;
  /** CLIENT CACHING was called for the next command. */
  caching: boolean;
  /** The client that was to get the notifications instead has disconnected. */
  isBroken: boolean;
}

/**
 * A client of the network ("normal"), a client of another node ("relayed"), or a pseudo client whose replies nobody
 * reads ("script", "loader", which loads the log, and "primary", whose stream a replica applies).
 */
export type ClientKind = "normal" | "relayed" | "script" | "loader" | "primary";

/** Everything the server knows about one connected client or pseudo client. */
export class Client<Entry = CommandFacts> {
  readonly id: number;
  readonly channel: ClientChannel;
  readonly kind: ClientKind;
  /** By the monotonic clock, like `lastActiveMs`. */
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
  lastCommand: Entry | undefined;
  /** Where the stream for replicas ended after the client's last command: what WAIT waits for. */
  streamOffset = 0;
  /** The epoch in which its last request has come to the primary of a place on the ring; undefined elsewhere. */
  seatEpoch: number | undefined;
  transaction: Transaction<Entry> | undefined;
  watched: WatchedKey[] = [];
  /** A watched key was changed, so that EXEC will answer nil. */
  watchBroken = false;
  blocked: Blocked<Entry> | undefined;
  /** Undefined while the client has no subscriptions. */
  subscriptions: Subscriptions | undefined;
  replyMode: "on" | "off" | "skip-next" | "skip" = "on";
  noEvict = false;
  noTouch = false;
  /** Its connection has become that of a replica. */
  isReplica = false;
  /** The client used MONITOR. */
  monitoring = false;
  /** Set by CLIENT TRACKING. A script's pseudo client has the tracking of its caller. */
  tracking: Tracking | undefined;
  closing = false;
  /** It has disconnected. */
  gone = false;
  /** One of the client's requests is answered later; until then no further request is read. */
  isHeld = false;
  /** Its request waits for something that may take long, such as the end of CLIENT PAUSE: it counts as blocked. */
  isPostponed = false;
  /** The client's requests that other nodes carry out; undefined until the first one. */
  relaying: Relaying | undefined;

  constructor(id: number, channel: ClientChannel, monotonicMs: number, kind: ClientKind = "normal") {
    this.id = id;
    this.channel = channel;
    this.createdAtMs = monotonicMs;
    this.lastActiveMs = monotonicMs;
    this.kind = kind;
  }

  /** Whether it is a client of the network, of this node or of another one, and not a pseudo client. */
  get isReal(): boolean {
    return this.kind === "normal" || this.kind === "relayed";
  }

  /** Its commands have run before, on this server or on its primary: their effects must be the same again. */
  get repeats(): boolean {
    return this.kind === "loader" || this.kind === "primary";
  }

  /** The client's request is answered later: no further request is read until `goOn`. */
  hold(): void {
    this.isHeld = true;
    this.channel.pause();
  }

  /** The client's request has been answered: runs the requests that have arrived meanwhile. */
  goOn(): void {
    this.isHeld = false;
    this.channel.resume();
  }
}
