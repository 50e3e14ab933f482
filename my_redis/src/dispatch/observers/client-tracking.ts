import type { Arguments } from "../../protocol/arguments.ts";
import { ReplyWriter } from "../../protocol/reply-writer.ts";
import type { Server } from "../../server.ts";
import type { Client } from "../client.ts";
import type { Command } from "../command.ts";
import { keyPositions } from "../command-keys.ts";
import type { Policy } from "../checks/policies.ts";

/** What a client asked for with CLIENT TRACKING. */
export interface TrackingMode {
  /** Hears of all keys with one of the prefixes, instead of those that he has read. */
  readonly broadcast: boolean;
  /** Only keys of commands after CLIENT CACHING YES count; or all but those after CLIENT CACHING NO. */
  readonly optIn: boolean;
  readonly optOut: boolean;
  /** Does not hear of his own changes. */
  readonly noLoop: boolean;
  /** The client that hears in his place; 0 for himself. */
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
  /** The client that was to hear in his place is gone. */
  isBroken: boolean;
}

/** Changes that no client made. */
const byNobody = new Set(["expired", "evicted", "hexpired"]);
const redirectChannel = "__redis__:invalidate";

/**
 * Client-side caching: who keeps values that he has read hears when they change. For that the keys are remembered that
 * clients read, up to tracking-table-max-keys; or, for those who ask for it, all changes are told by prefix.
 */
export class ClientTracking {
  readonly #server: Server;
  readonly #tracking = new Map<number, Tracking>();
  /** Keys, one character per byte, and the clients that have read them. Of any database, as in Redis. */
  readonly #readers = new Map<string, Set<number>>();
  #items = 0;
  /** Keys that have changed in this turn, by client and prefix: told together. */
  #broadcasts = new Map<Tracking, Map<string, Set<string>>>();
  /** Whose command runs. */
  #writer: Client | undefined;
  #flushedAt = -1;
  readonly #message = new ReplyWriter();

  constructor(server: Server) {
    this.#server = server;
    server.arrivalPolicies.add(this.#policy);
    server.settings.onChange("tracking-table-max-keys", () => this.#limit());
  }

  get clientCount(): number {
    return this.#tracking.size;
  }

  /** Keys that are remembered, for how many readers in all, and the prefixes asked for. */
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
    this.#server.policies.push(this.#policy);
    this.#server.updateObservation();
  }

  /** To be called when a client goes away, too. What he has read is forgotten as it changes. */
  end(client: Client): void {
    if (client.tracking === undefined) return;
    client.tracking = undefined;
    this.#tracking.delete(client.id);
    if (this.#tracking.size > 0) return;
    const { policies } = this.#server;
    policies.splice(policies.indexOf(this.#policy), 1);
    this.#readers.clear();
    this.#items = 0;
    this.#server.updateObservation();
  }

  readonly #policy: Policy = ({ client }) => {
    if (client.kind === "normal") this.#writer = client;
    return undefined;
  };

  // --- what is read ---

  /** Remembers the keys that a command has read. */
  remember({ client, mode, caching }: Tracking, command: Command, args: Arguments): void {
    // Scripts are no commands that read: what they call is.
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

  /** Forgets the keys that were read first: who has one must not believe that he would hear of it. */
  #limit(): void {
    const most = this.#server.settings.values["tracking-table-max-keys"];
    if (most === 0) return;
    for (const key of this.#readers.keys()) {
      if (this.#readers.size <= most) return;
      this.#tellReaders(key, undefined);
    }
  }

  /** CLIENT CACHING is for one command, or one transaction. */
  commandEnded({ transaction, tracking }: Client, command: Command): void {
    if (transaction === undefined && tracking !== undefined && !command.fullName.startsWith("client|")) {
      tracking.caching = false;
    }
  }

  // --- what changes ---

  /** A key, one character per byte, has changed. */
  keyChanged(key: string, event: string): void {
    if (this.#tracking.size === 0) return;
    const writer = byNobody.has(event) ? undefined : this.#writer;
    this.#tellReaders(key, writer);
    for (const tracking of this.#tracking.values()) {
      if (tracking.mode.broadcast && !isOwn(tracking, writer)) this.#collect(tracking, key);
    }
  }

  #tellReaders(key: string, writer: Client | undefined): void {
    const readers = this.#readers.get(key);
    if (readers === undefined) return;
    this.#readers.delete(key);
    this.#items -= readers.size;
    for (const id of readers) {
      const tracking = this.#tracking.get(id);
      if (tracking === undefined || tracking.mode.broadcast || isOwn(tracking, writer)) continue;
      this.#tell(tracking, [key]);
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
      for (const keys of byPrefix.values()) this.#tell(tracking, [...keys].sort());
    }
    this.#server.pubSub.deliver();
  }

  /** All keys of one or more databases are gone: told once for each command. */
  flushed(): void {
    const { dirty } = this.#server.keyspace;
    if (this.#tracking.size === 0 || dirty === this.#flushedAt) return;
    this.#flushedAt = dirty;
    this.#readers.clear();
    this.#items = 0;
    for (const tracking of this.#tracking.values()) this.#tell(tracking, undefined);
  }

  // --- telling ---

  /** Queues a message for whoever hears for the client, to come after the replies to the command that runs. */
  #tell(tracking: Tracking, keys: readonly string[] | undefined): void {
    const { client, mode } = tracking;
    const target = mode.redirect === 0 ? client : this.#server.clients.get(mode.redirect)?.client;
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
    this.#server.pubSub.send(target, this.#message.copy());
  }
}

const isOwn = ({ client, mode }: Tracking, writer: Client | undefined): boolean => mode.noLoop && client === writer;

function invalidation(message: ReplyWriter, keys: readonly string[] | undefined): void {
  message.push(2);
  message.bulkText("invalidate");
  writeKeys(message, keys);
}

/** For RESP2, which knows no pushes but those of a subscription. */
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
