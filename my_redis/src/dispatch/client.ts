import type { Arguments } from "../protocol/arguments.ts";
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
  /** A command was refused while queueing: EXEC will answer EXECABORT. */
  aborted: boolean;
}

export interface WatchedKey {
  readonly database: number;
  /** One character per byte. */
  readonly key: string;
}

/** The reply to a blocking command whose time has run out. */
export type TimeoutReply = "null" | "nullArray" | "zero";

/** What a client waits for in a blocking command. */
export interface Blocked<Entry = CommandFacts> {
  readonly command: Entry;
  readonly args: Arguments;
  readonly database: number;
  /** One character per byte. */
  readonly keys: readonly string[];
  /** Moment of the timeout, Unix milliseconds; Infinity to wait for ever. */
  readonly deadlineMs: number;
  readonly timeoutReply: TimeoutReply;
}

/** Channels and patterns are one world, shard channels another. */
export type SubscriptionKind = "channel" | "pattern" | "shard";

/** What one client has subscribed to, in that order; one character per byte. */
export type Subscriptions = Readonly<Record<SubscriptionKind, Set<string>>>;

/** What a client asked for with CLIENT TRACKING. */
export interface TrackingMode {
  /** It hears of all keys with one of the prefixes, instead of those that it has read. */
  readonly broadcast: boolean;
  /** Only keys of commands after CLIENT CACHING YES count; or all but those after CLIENT CACHING NO. */
  readonly optIn: boolean;
  readonly optOut: boolean;
  /** It does not hear of its own changes. */
  readonly noLoop: boolean;
  /** The client that is notified in its place; 0 for none. */
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
  /** The client that was to be notified in its place is gone. */
  isBroken: boolean;
}

/**
 * A client of the network ("normal"), a client of another node ("relayed"), or a pseudo client whose replies nobody
 * reads: of scripts, and of the loader of the log.
 */
export type ClientKind = "normal" | "relayed" | "script" | "loader";

/** Everything the server knows of one connected client, or of a pseudo client. */
export class Client<Entry = CommandFacts> {
  readonly id: number;
  readonly channel: ClientChannel;
  readonly kind: ClientKind;
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
  transaction: Transaction<Entry> | undefined;
  watched: WatchedKey[] = [];
  /** A watched key was changed: EXEC answers nil. */
  watchBroken = false;
  blocked: Blocked<Entry> | undefined;
  /** Undefined while there are none. */
  subscriptions: Subscriptions | undefined;
  replyMode: "on" | "off" | "skip-next" | "skip" = "on";
  noEvict = false;
  noTouch = false;
  /** It is shown every command: see MONITOR. */
  monitoring = false;
  /** It is notified of changed keys: see CLIENT TRACKING. A script's pseudo client has that of its caller. */
  tracking: Tracking | undefined;
  closing = false;
  /** It has disconnected. */
  gone = false;
  /** One of its requests is answered later, and nothing further is read before that. */
  isHeld = false;
  /** What other nodes do for it; undefined before they first do. */
  relaying: Relaying | undefined;

  constructor(id: number, channel: ClientChannel, nowMs: number, kind: ClientKind = "normal") {
    this.id = id;
    this.channel = channel;
    this.createdAtMs = nowMs;
    this.lastActiveMs = nowMs;
    this.kind = kind;
  }

  /** Whether it asks for itself, from here or from another node: not a script, and not the loader of the log. */
  get isReal(): boolean {
    return this.kind === "normal" || this.kind === "relayed";
  }

  /** Its request is answered later: nothing further is read from it until `goOn`. */
  hold(): void {
    this.isHeld = true;
    this.channel.pause();
  }

  /** Its request has been answered: what it has sent meanwhile runs. */
  goOn(): void {
    this.isHeld = false;
    this.channel.resume();
  }
}
