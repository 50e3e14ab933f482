import type { Arguments } from "../../protocol/arguments.ts";
import { ReplyWriter } from "../../protocol/reply-writer.ts";
import type { Settings } from "../../settings/settings.ts";
import type { Client, Tracking, TrackingMode } from "../client.ts";
import type { CommandFacts } from "../command-facts.ts";
import { keyPositions } from "../command-keys.ts";
import type { PubSub } from "../pub-sub.ts";
import type { ObserverList } from "./observer-list.ts";

export interface ClientTrackingOptions {
  readonly settings: Settings;
  readonly observers: ObserverList<CommandFacts>;
  readonly pubSub: PubSub;
  /** A connected client by its id. */
  readonly clientById: (id: number) => Client | undefined;
  /** Counts the changes of data since the start. */
  readonly changeCount: () => number;
  /** Called when the first client begins to track, and when the last one has ended. */
  readonly onSwitch: () => void;
}

/** Events of changes that no client made. */
const byNobody = new Set(["expired", "evicted", "hexpired"]);
const redirectChannel = "__redis__:invalidate";

/**
 * Client-side caching: clients that keep values they have read are notified when these change. For that, the keys that
 * clients read are remembered, up to tracking-table-max-keys. Clients in broadcast mode are notified of all changes of
 * keys with their prefixes instead.
 */
export class ClientTracking {
  readonly #options: ClientTrackingOptions;
  readonly #tracking = new Map<number, Tracking>();
  /**
   * Keys, one character per byte, and the ids of the clients that have read them. Databases are not distinguished, as
   * in Redis.
   */
  readonly #readers = new Map<string, Set<number>>();
  #items = 0;
  /** Keys that have changed in this turn, by client and prefix. They are sent in one notification. */
  #broadcasts = new Map<Tracking, Map<string, Set<string>>>();
  /** The client whose request is running. */
  #writer: Client | undefined;
  #flushedAt = -1;
  readonly #message = new ReplyWriter();

  #uninstall: (() => void) | undefined;

  constructor(options: ClientTrackingOptions) {
    this.#options = options;
    options.settings.onChange("tracking-table-max-keys", () => this.#limit());
  }

  get clientCount(): number {
    return this.#tracking.size;
  }

  /** Number of remembered keys, of their readers in all, and of prefixes. */
  get totals(): { readonly keys: number; readonly items: number; readonly prefixes: number } {
    const prefixes = new Set<string>();
    for (const { mode } of this.#tracking.values()) for (const prefix of mode.prefixes) prefixes.add(prefix);
    return { keys: this.#readers.size, items: this.#items, prefixes: prefixes.size };
  }

  begin(client: Client, mode: TrackingMode): void {
    if (client.tracking !== undefined) {
      Object.assign(client.tracking, { mode, isBroken: false });
      return;
    }
    client.tracking = { client, mode, caching: false, isBroken: false };
    this.#tracking.set(client.id, client.tracking);
    if (this.#tracking.size > 1) return;
    this.#uninstall = this.#options.observers.install({
      starting: (asking) => {
        if (asking.kind === "normal") this.#writer = asking;
      },
      ran: (ranFor, command, args) => {
        const { tracking } = ranFor.client;
        if (tracking !== undefined) this.#remember(tracking, command, args);
      },
      done: commandEnded,
    });
    this.#options.onSwitch();
  }

  /** Must also be called when a client disconnects. The keys that it has read are forgotten when they change. */
  end(client: Client): void {
    if (client.tracking === undefined) return;
    client.tracking = undefined;
    this.#tracking.delete(client.id);
    if (this.#tracking.size > 0) return;
    this.#uninstall?.();
    this.#readers.clear();
    this.#items = 0;
    this.#options.onSwitch();
  }

  // --- reading ---

  /** Remembers the keys that a command has read. */
  #remember({ client, mode, caching }: Tracking, command: CommandFacts, args: Arguments): void {
    // EVAL itself reads no keys; the commands that the script calls do.
    if (!command.flagSet.has("readonly") || command.flagSet.has("noscript") || mode.broadcast) return;
    if (mode.optIn ? !caching : mode.optOut && caching) return;
    for (const index of keyPositions(command, args)) this.#addReader(args.latin1(index), client.id);
  }

  #addReader(key: string, id: number): void {
    const readers = this.#readers.get(key);
    if (readers === undefined) {
      this.#readers.set(key, new Set([id]));
      this.#items++;
      this.#limit();
    } else if (!readers.has(id)) {
      readers.add(id);
      this.#items++;
    }
  }

  /** Forgets the keys that were read first. Their readers are notified as if the keys had changed. */
  #limit(): void {
    const most = this.#options.settings.values["tracking-table-max-keys"];
    if (most === 0) return;
    for (const key of this.#readers.keys()) {
      if (this.#readers.size <= most) return;
      this.#notifyReaders(key, undefined);
    }
  }

  // --- changing ---

  /** A key, one character per byte, has changed. */
  keyChanged(key: string, event: string): void {
    if (this.#tracking.size === 0) return;
    const writer = byNobody.has(event) ? undefined : this.#writer;
    this.#notifyReaders(key, writer);
    for (const tracking of this.#tracking.values()) {
      if (tracking.mode.broadcast && !isOwn(tracking, writer)) this.#collect(tracking, key);
    }
  }

  #notifyReaders(key: string, writer: Client | undefined): void {
    const readers = this.#readers.get(key);
    if (readers === undefined) return;
    this.#readers.delete(key);
    this.#items -= readers.size;
    for (const id of readers) {
      const tracking = this.#tracking.get(id);
      if (tracking === undefined || tracking.mode.broadcast || isOwn(tracking, writer)) continue;
      this.#notify(tracking, [key]);
    }
  }

  #collect(tracking: Tracking, key: string): void {
    for (const prefix of tracking.mode.prefixes) {
      if (!key.startsWith(prefix)) continue;
      if (this.#broadcasts.size === 0) queueMicrotask(() => this.#broadcast());
      const byPrefix = this.#broadcasts.get(tracking) ?? new Map<string, Set<string>>();
      this.#broadcasts.set(tracking, byPrefix);
      const keys = byPrefix.get(prefix) ?? new Set<string>();
      byPrefix.set(prefix, keys.add(key));
    }
  }

  #broadcast(): void {
    const broadcasts = this.#broadcasts;
    this.#broadcasts = new Map();
    for (const [tracking, byPrefix] of broadcasts) {
      for (const keys of byPrefix.values()) this.#notify(tracking, [...keys].sort());
    }
    this.#options.pubSub.deliver();
  }

  /** All keys of one or more databases were deleted: sends one notification for each command. */
  flushed(): void {
    const changes = this.#options.changeCount();
    if (this.#tracking.size === 0 || changes === this.#flushedAt) return;
    this.#flushedAt = changes;
    this.#readers.clear();
    this.#items = 0;
    for (const tracking of this.#tracking.values()) this.#notify(tracking, undefined);
  }

  // --- notifying ---

  /**
   * Queues a notification for the client, or for the client that gets it instead. It comes after the reply of the
   * running command.
   */
  #notify(tracking: Tracking, keys: readonly string[] | undefined): void {
    const { client, mode } = tracking;
    const target = mode.redirect === 0 ? client : this.#options.clientById(mode.redirect);
    if (target === undefined) {
      tracking.isBroken = true;
      if (client.protocol === 3) this.#send(client, (message) => brokenMessage(message, mode.redirect));
    } else if (target.protocol === 3) {
      this.#send(target, (message) => invalidation(message, keys));
    } else if (mode.redirect !== 0 && target.subscriptions !== undefined) {
      this.#send(target, (message) => channelMessage(message, keys));
    }
  }

  #send(target: Client, write: (message: ReplyWriter) => void): void {
    this.#message.clear();
    this.#message.protocol = target.protocol;
    write(this.#message);
    this.#options.pubSub.send(target, this.#message.copy());
  }
}

/** CLIENT CACHING applies to one command or one transaction. */
function commandEnded({ transaction, tracking }: Client, command: CommandFacts): void {
  if (transaction === undefined && tracking !== undefined && !command.fullName.startsWith("client|")) {
    tracking.caching = false;
  }
}

const isOwn = ({ client, mode }: Tracking, writer: Client | undefined): boolean => mode.noLoop && client === writer;

function invalidation(message: ReplyWriter, keys: readonly string[] | undefined): void {
  message.push(2);
  message.bulkText("invalidate");
  writeKeys(message, keys);
}

/** For RESP2, where only messages of a subscription can be pushed. */
function channelMessage(message: ReplyWriter, keys: readonly string[] | undefined): void {
  message.push(3);
  message.bulkText("message");
  message.bulkText(redirectChannel);
  writeKeys(message, keys);
}

function brokenMessage(message: ReplyWriter, redirect: number): void {
  message.push(2);
  message.bulkText("tracking-redir-broken");
  message.integer(redirect);
}

function writeKeys(message: ReplyWriter, keys: readonly string[] | undefined): void {
  if (keys === undefined) {
    message.null();
    return;
  }
  message.array(keys.length);
  for (const key of keys) message.bulkLatin1(key);
}
