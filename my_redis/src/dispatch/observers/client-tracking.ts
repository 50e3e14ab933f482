import type { Arguments } from "../../protocol/arguments.ts";
import { ReplyWriter } from "../../protocol/reply-writer.ts";
import type { Settings } from "../../settings/settings.ts";
import type { Client, Tracking, TrackingMode } from "../client.ts";
import type { CommandFacts } from "../command-facts.ts";
import { keyPositions } from "../command-keys.ts";
import type { PubSub } from "../pub-sub.ts";
import type { Shown } from "../replies.ts";
import { brokenMessage, channelMessage, invalidation, type InvalidKeys } from "./invalidation-message.ts";
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

/** A client's notifications while one of its requests is under way at several nodes. More keys count as all keys. */
const maxWithheldKeys = 10_000;

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
  /** Notifications that wait for the reply of a request, by client. */
  readonly #withheld = new Map<Client, { keys: Set<string>; all: boolean }>();
  #modeChanged: (client: Client) => void = () => {};
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

  /** On a ring of nodes, the other nodes learn what a client in broadcast mode wants to know. */
  onModeChanged(listener: (client: Client) => void): void {
    this.#modeChanged = listener;
  }

  begin(client: Client, mode: TrackingMode): void {
    if (client.tracking === undefined) this.#add(client, mode);
    else Object.assign(client.tracking, { mode, isBroken: false });
    this.#modeChanged(client);
  }

  #add(client: Client, mode: TrackingMode): void {
    client.tracking = { client, mode, caching: false, isBroken: false };
    this.#tracking.set(client.id, client.tracking);
    if (this.#tracking.size > 1) return;
    this.#uninstall = this.#options.observers.install({
      starting: (asking) => {
        this.#writer = asking.isReal ? asking : undefined;
      },
      ran: (ranFor, command, args) => {
        const { tracking } = ranFor.client;
        if (tracking !== undefined) this.#remember(tracking, command, args);
      },
      done: (client, command) => this.commandEnded(client, command),
    });
    this.#options.onSwitch();
  }

  /**
   * What the client of another node wants for the request that comes next: that node judges OPTIN and OPTOUT, and it
   * passes the notifications on.
   */
  setRelayed(client: Client, { tracks, noLoop }: { readonly tracks: boolean; readonly noLoop: boolean }): void {
    const before = client.tracking?.mode;
    if (tracks ? before === undefined || before.broadcast || before.noLoop !== noLoop : changesLoop(before, noLoop)) {
      this.begin(client, { broadcast: false, optIn: true, optOut: false, noLoop, redirect: 0, prefixes: [] });
    }
    if (client.tracking !== undefined) client.tracking.caching = tracks;
  }

  /** CLIENT CACHING applies to one command or one transaction. */
  commandEnded(client: Client, command: CommandFacts): void {
    if (client.transaction !== undefined || client.kind === "relayed") return;
    if (!command.fullName.startsWith("client|")) this.answeredElsewhere(client);
  }

  /** Another node has carried the client's command out. Until then the command may have to be sent again. */
  answeredElsewhere({ tracking }: Client): void {
    if (tracking !== undefined) tracking.caching = false;
  }

  /** Must also be called when a client disconnects. The keys that it has read are forgotten when they change. */
  end(client: Client): void {
    if (client.tracking === undefined) return;
    client.tracking = undefined;
    this.#withheld.delete(client);
    this.#tracking.delete(client.id);
    this.#modeChanged(client);
    if (this.#tracking.size > 0) return;
    this.#uninstall?.();
    this.#readers.clear();
    this.#items = 0;
    this.#options.onSwitch();
  }

  // --- reading ---

  /** Remembers the keys that a command has read. */
  #remember(tracking: Tracking, command: CommandFacts, args: Arguments): void {
    // EVAL itself reads no keys; the commands that the script calls do.
    if (!command.flagSet.has("readonly") || command.flagSet.has("noscript") || !tracksKeys(tracking)) return;
    for (const index of keyPositions(command, args)) this.#addReader(args.latin1(index), tracking.client.id);
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
    this.#forgetAll("event");
  }

  /** What clients have read here may change without this node's knowledge: nothing may be kept. */
  allInDoubt(): void {
    this.#forgetAll("nothing");
    this.#options.pubSub.deliver();
  }

  /** No change elsewhere will be told here any more: own clients in broadcast mode are disconnected, and can connect elsewhere. */
  disconnectBroadcasts(): void {
    const isWaiting = ({ client, mode }: Tracking): boolean => client.kind === "normal" && mode.broadcast;
    for (const { client } of [...this.#tracking.values()].filter(isWaiting)) client.channel.kill();
  }

  #forgetAll(shows: Shown): void {
    this.#readers.clear();
    this.#items = 0;
    for (const tracking of this.#tracking.values()) this.#notify(tracking, undefined, shows);
  }

  // --- notifying ---

  /** Another node says that keys have changed; undefined for all keys. It has judged that this may be seen. */
  changedElsewhere({ tracking }: Client, keys: InvalidKeys): void {
    if (tracking === undefined) return;
    this.#notify(tracking, keys, "nothing");
    this.#options.pubSub.deliver();
  }

  /**
   * Keeps the client's notifications until `release`: its request is under way at several nodes, and a notification must
   * not overtake the reply that shows what was there before.
   */
  withhold(client: Client): void {
    if (client.tracking !== undefined) this.#withheld.set(client, { keys: new Set(), all: false });
  }

  release(client: Client): void {
    const withheld = this.#withheld.get(client);
    if (withheld === undefined) return;
    this.#withheld.delete(client);
    if (withheld.all) this.changedElsewhere(client, undefined);
    else if (withheld.keys.size > 0) this.changedElsewhere(client, [...withheld.keys]);
  }

  /**
   * Queues a notification for the client, or for the client that gets it instead. It comes after the reply of the
   * running command.
   */
  #notify(tracking: Tracking, keys: InvalidKeys, shows: Shown = "event"): void {
    const { client, mode } = tracking;
    if (this.#keep(client, keys)) return;
    const target = mode.redirect === 0 ? client : this.#options.clientById(mode.redirect);
    if (client.kind === "relayed") {
      this.#send(client, 3, shows, (message) => invalidation(message, keys));
    } else if (target === undefined) {
      tracking.isBroken = true;
      if (client.protocol === 3) this.#send(client, 3, shows, (message) => brokenMessage(message, mode.redirect));
    } else if (target.protocol === 3) {
      this.#send(target, 3, shows, (message) => invalidation(message, keys));
    } else if (mode.redirect !== 0 && target.subscriptions !== undefined) {
      this.#send(target, 2, shows, (message) => channelMessage(message, keys));
    }
  }

  #keep(client: Client, keys: InvalidKeys): boolean {
    const withheld = this.#withheld.size === 0 ? undefined : this.#withheld.get(client);
    if (withheld === undefined) return false;
    for (const key of keys ?? []) withheld.keys.add(key);
    if (keys === undefined || withheld.keys.size > maxWithheldKeys) {
      withheld.all = true;
      withheld.keys.clear();
    }
    return true;
  }

  #send(target: Client, protocol: 2 | 3, shows: Shown, write: (message: ReplyWriter) => void): void {
    this.#message.clear();
    this.#message.protocol = protocol;
    write(this.#message);
    this.#options.pubSub.send(target, this.#message.copy(), shows);
  }
}

/** Whether the keys that the client's next command reads are remembered. */
export const tracksKeys = ({ caching, mode }: Tracking): boolean =>
  !mode.broadcast && (mode.optIn ? caching : !(mode.optOut && caching));

const changesLoop = (mode: TrackingMode | undefined, noLoop: boolean): boolean =>
  mode !== undefined && !mode.broadcast && mode.noLoop !== noLoop;

const isOwn = ({ client, mode }: Tracking, writer: Client | undefined): boolean => mode.noLoop && client === writer;
