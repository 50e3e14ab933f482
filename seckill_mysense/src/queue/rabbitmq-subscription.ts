import type { AsyncMessage, Channel, Cmd, Connection, MethodParams } from "rabbitmq-client";
import { pause } from "../time/pause.ts";
import { retryUntilStopped } from "../time/retry-until-stopped.ts";
import { redeclaredAfterMs } from "./rabbitmq-topology.ts";
import { Wakeup } from "./wakeup.ts";

export interface RabbitmqSubscriptionOptions {
  readonly connection: Connection;
  /** Names the queue, and says how it is declared. */
  readonly queue: MethodParams[Cmd.QueueDeclare] & { readonly queue: string };
  /** Most messages that the broker gives out before some are settled. */
  readonly prefetchCount: number;
  /** Takes a message, which is to be settled later. */
  readonly onMessage: (message: AsyncMessage) => void;
  /** Called whenever the subscription begins. */
  readonly onSubscribed: () => void;
  /** Called with the first failure of an outage. */
  readonly onFailure: (error: unknown) => void;
}

/** The subscription on one channel. */
interface Attached {
  readonly channel: Channel;
  readonly consumerTag: string;
  /** Resolves when the broker has ended the subscription, or confirms that it has no consumer any more. */
  readonly ended: Promise<void>;
  readonly end: () => void;
  /** Resolves when the channel is closed, in good order or with its connection. */
  readonly closed: Promise<void>;
}

const retryBackoff = { firstMs: 50, maxMs: 2_000 };

/**
 * One consumer of a queue, which subscribes again after each outage. The client library has such a consumer too, but that
 * one settles each message by itself: a frame, a write to the socket and several promises for each. This one settles all
 * messages of a batch with one frame.
 */
export class RabbitmqSubscription {
  readonly #options: RabbitmqSubscriptionOptions;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #attached: Attached | undefined;
  #isSubscribed = false;
  /** Messages of the attached channel that are not settled. */
  #unsettled = 0;
  readonly #settled = new Wakeup();

  constructor(options: RabbitmqSubscriptionOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  get isSubscribed(): boolean {
    return this.#isSubscribed;
  }

  /** `messages` are the oldest ones that are not settled, in their order. */
  acknowledge(messages: readonly AsyncMessage[]): void {
    this.#settle(messages, (channel, deliveryTag) => channel.basicAck({ deliveryTag, multiple: true }));
  }

  /** Lets the broker deliver the messages again. They are the oldest ones that are not settled, in their order. */
  giveBack(messages: readonly AsyncMessage[]): void {
    this.#settle(messages, (channel, deliveryTag) => channel.basicNack({ deliveryTag, multiple: true, requeue: true }));
  }

  /** Unsubscribes at once. Ends when all messages are settled; those that come meanwhile go back to the broker. */
  close(): Promise<void> {
    if (!this.#stopping.signal.aborted) {
      this.#stopping.abort();
      this.#unsubscribe();
    }
    return this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const onFailure = (error: unknown, failures: number): void => {
      if (failures === 1 && !signal.aborted) this.#options.onFailure(error);
    };
    while (!signal.aborted) {
      const attached = await retryUntilStopped(() => this.#attach(), { backoff: retryBackoff, signal, onFailure });
      if (attached.kind === "stopped") return;
      if (signal.aborted) this.#unsubscribe();
      await attached.value.ended;
      this.#isSubscribed = false;
      // The broker delivers again what a lost channel held. A new subscription would get messages that are still in hand.
      while (this.#unsettled > 0) await this.#settled.next;
      // The promise of `close` stays open for ever if the connection is lost meanwhile.
      void attached.value.channel.close();
      await attached.value.closed;
    }
  }

  async #attach(): Promise<Attached> {
    const { connection, queue, prefetchCount, onSubscribed, onFailure } = this.#options;
    const channel = await connection.acquire({ emitErrorsFromChannel: true });
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const { promise: closed, resolve: close } = Promise.withResolvers<void>();
    channel.on("error", onFailure);
    channel.once("close", () => {
      end();
      close();
    });
    channel.once("basic.cancel", (_tag, error) => {
      this.#isSubscribed = false;
      onFailure(error);
      void pause(redeclaredAfterMs, this.#stopping.signal).then(end);
    });
    try {
      await channel.queueDeclare(queue);
      await channel.basicQos({ prefetchCount });
      const receive = (message: AsyncMessage): void => this.#receive(channel, message);
      const { consumerTag } = await channel.basicConsume({ queue: queue.queue }, receive);
      this.#attached = { channel, consumerTag, ended, end, closed };
    } catch (error) {
      void channel.close();
      throw error;
    }
    this.#isSubscribed = true;
    onSubscribed();
    return this.#attached;
  }

  /** The broker hears of it before any message is given back. It would deliver that message here again otherwise. */
  #unsubscribe(): void {
    if (this.#attached === undefined) return;
    const { channel, consumerTag, end } = this.#attached;
    channel.basicCancel({ consumerTag }).then(end, end);
  }

  #receive(channel: Channel, message: AsyncMessage): void {
    // The broker has the messages of a closed channel back.
    if (!channel.active) return;
    if (this.#stopping.signal.aborted) return channel.basicNack({ deliveryTag: message.deliveryTag, requeue: true });
    this.#unsettled++;
    this.#options.onMessage(message);
  }

  #settle(messages: readonly AsyncMessage[], tell: (channel: Channel, lastTag: number) => void): void {
    const last = messages.at(-1);
    if (last === undefined || this.#attached === undefined) return;
    const { channel } = this.#attached;
    if (channel.active) tell(channel, last.deliveryTag);
    this.#unsettled -= messages.length;
    this.#settled.wake();
  }
}
