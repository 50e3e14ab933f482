import { type ByteRange, wholeRange } from "../memory/byte-range.ts";
import { latin1Text } from "../protocol/arguments.ts";
import { ReplyWriter } from "../protocol/reply-writer.ts";
import { globMatches } from "../values/glob-pattern.ts";
import type { ReplyOutlet, Shown } from "./replies.ts";
import type { Client, SubscriptionKind, Subscriptions } from "./client.ts";

interface Delivery {
  readonly client: Client;
  readonly message: Uint8Array;
  readonly shows: Shown;
}

const messageNames = { channel: "message", pattern: "pmessage", shard: "smessage" } as const;

export interface PubSubOptions {
  readonly replies: ReplyOutlet;
  /** Limit on the bytes of messages that one command or script may queue for one client; 0 for no limit. */
  readonly maxQueuedBytes: () => number;
}

/** Gets the messages that a transaction or script publishes. */
export type PublishedAsPart = (channel: ByteRange, message: ByteRange) => void;

/**
 * Subscriptions, and messages on their way. Messages are delivered after the command that published them, so that none
 * stands within a reply. The publisher's own messages come after its reply, as in Redis.
 */
export class PubSub {
  readonly #subscribers = {
    channel: new Map<string, Set<Client>>(),
    pattern: new Map<string, Set<Client>>(),
    shard: new Map<string, Set<Client>>(),
  } as const satisfies Record<SubscriptionKind, Map<string, Set<Client>>>;
  readonly #patterns = new Map<string, Uint8Array>();
  readonly #writer = new ReplyWriter();
  readonly #options: PubSubOptions;
  readonly #publishedAsPart: PublishedAsPart[] = [];
  #deliveries: Delivery[] = [];
  /** Bytes of the queued messages, by client. */
  readonly #queuedBytes = new Map<Client, number>();
  #scheduled = false;

  constructor(options: PubSubOptions) {
    this.#options = options;
  }

  /** On a ring of nodes, subscribers at other nodes also get what a transaction or script publishes. */
  onPublishedAsPart(listener: PublishedAsPart): void {
    this.#publishedAsPart.push(listener);
  }

  /**
   * Publishes to a channel on behalf of a transaction or script: the listeners of `onPublishedAsPart` are called as
   * well.
   */
  publishAsPart(channel: ByteRange, message: ByteRange): number {
    for (const listener of this.#publishedAsPart) listener(channel, message);
    return this.publish("channel", channel, message);
  }

  /** Names that have at least one subscriber. */
  names(kind: SubscriptionKind): IterableIterator<string> {
    return this.#subscribers[kind].keys();
  }

  nameCount(kind: SubscriptionKind): number {
    return this.#subscribers[kind].size;
  }

  subscriberCount(kind: SubscriptionKind, name: string): number {
    return this.#subscribers[kind].get(name)?.size ?? 0;
  }

  subscribe(client: Client, kind: SubscriptionKind, name: string): void {
    client.subscriptions ??= { channel: new Set(), pattern: new Set(), shard: new Set() };
    client.subscriptions[kind].add(name);
    const subscribers = this.#subscribers[kind].get(name);
    if (subscribers !== undefined) {
      subscribers.add(client);
      return;
    }
    this.#subscribers[kind].set(name, new Set([client]));
    if (kind === "pattern") this.#patterns.set(name, Buffer.from(name, "latin1"));
  }

  unsubscribe(client: Client, kind: SubscriptionKind, name: string): void {
    const subscriptions = client.subscriptions;
    if (subscriptions === undefined || !subscriptions[kind].delete(name)) return;
    if (!isSubscribed(subscriptions)) client.subscriptions = undefined;
    const subscribers = this.#subscribers[kind].get(name);
    subscribers?.delete(client);
    if (subscribers === undefined || subscribers.size > 0) return;
    this.#subscribers[kind].delete(name);
    this.#patterns.delete(name);
  }

  /** The messages of these shard channels will not come here any more: their subscribers are told so, as redis-server does. */
  endShards(isMeant: (name: string) => boolean): void {
    for (const [name, clients] of [...this.#subscribers.shard]) {
      if (!isMeant(name)) continue;
      for (const client of [...clients]) {
        this.unsubscribe(client, "shard", name);
        const writer = this.#writer;
        writer.clear();
        writer.protocol = client.protocol;
        writer.push(3);
        writer.bulkText("sunsubscribe");
        writer.bulkLatin1(name);
        writer.integer(client.subscriptions?.shard.size ?? 0);
        this.#queue({ client, message: writer.copy(), shows: "nothing" });
      }
    }
    this.#schedule();
  }

  /** What is published elsewhere will not come here any more: subscribers are disconnected, and can connect elsewhere. */
  disconnectSubscribers(): void {
    const { channel, pattern } = this.#subscribers;
    const clients = new Set([...channel.values(), ...pattern.values()].flatMap((each) => [...each]));
    for (const client of clients) client.channel.kill();
  }

  /** Called when the client has disconnected, or used RESET. */
  forget(client: Client): void {
    for (const kind of ["channel", "pattern", "shard"] as const) {
      for (const name of client.subscriptions?.[kind] ?? []) this.unsubscribe(client, kind, name);
    }
  }

  /**
   * Sends a message to all subscribers of the channel; returns the number of deliveries. A message may come from a script or
   * tell of a key, and so counts as an event unless `shows` says otherwise.
   */
  publish(kind: "channel" | "shard", channel: ByteRange, message: ByteRange, shows: Shown = "event"): number {
    let sent = 0;
    const subscribers = this.#subscribers[kind];
    if (subscribers.size > 0) {
      const found = subscribers.get(latin1Text(channel.bytes, channel.start, channel.end));
      if (found !== undefined) sent += this.#send(found, kind, { words: [channel, message], shows });
    }
    if (kind === "shard") return sent;
    for (const [name, pattern] of this.#patterns) {
      if (!globMatches(pattern, channel.bytes, channel.start, channel.end)) continue;
      const found = this.#subscribers.pattern.get(name) as Set<Client>;
      sent += this.#send(found, "pattern", { words: [wholeRange(pattern), channel, message], shows });
    }
    return sent;
  }

  #send(
    clients: ReadonlySet<Client>,
    kind: SubscriptionKind,
    { words, shows }: { readonly words: readonly ByteRange[]; readonly shows: Shown },
  ): number {
    const encoded: Partial<Record<2 | 3, Uint8Array>> = {};
    const { size } = clients;
    for (const client of clients) {
      const message = (encoded[client.protocol] ??= this.#encode(client.protocol, kind, words));
      this.#queue({ client, message, shows });
    }
    this.#schedule();
    return size;
  }

  /** Sends a client a message that is no publication, in order with published ones. */
  send(client: Client, message: Uint8Array, shows: Shown): void {
    this.#queue({ client, message, shows });
    this.#schedule();
  }

  /**
   * A client for which one command publishes more than the output limit is disconnected, as if all of it had been sent.
   */
  #queue(delivery: Delivery): void {
    const { client, message } = delivery;
    if (client.closing) return;
    const bytes = (this.#queuedBytes.get(client) ?? 0) + message.length;
    const maxQueuedBytes = this.#options.maxQueuedBytes();
    if (maxQueuedBytes > 0 && bytes > maxQueuedBytes) {
      client.channel.kill();
      return;
    }
    this.#queuedBytes.set(client, bytes);
    this.#deliveries.push(delivery);
  }

  #encode(protocol: 2 | 3, kind: SubscriptionKind, words: readonly ByteRange[]): Uint8Array {
    const writer = this.#writer;
    writer.clear();
    writer.protocol = protocol;
    writer.push(words.length + 1);
    writer.bulkText(messageNames[kind]);
    for (const { bytes, start, end } of words) writer.bulk(bytes, start, end);
    return writer.copy();
  }

  /** Messages that a timer has published, rather than a command, are delivered when the timer's work is done. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.deliver();
    });
  }

  get hasDeliveries(): boolean {
    return this.#deliveries.length > 0;
  }

  /** Hands over what has been published. */
  deliver(): void {
    const deliveries = this.#deliveries;
    if (deliveries.length === 0) return;
    this.#deliveries = [];
    this.#queuedBytes.clear();
    for (const { client, message, shows } of deliveries) {
      if (!client.closing) this.#options.replies.to(client, (reply) => reply.raw(message), shows);
    }
  }
}

const isSubscribed = ({ channel, pattern, shard }: Subscriptions): boolean =>
  channel.size > 0 || pattern.size > 0 || shard.size > 0;
