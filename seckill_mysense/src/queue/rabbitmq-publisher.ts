import { AMQPError, type Channel, type Connection } from "rabbitmq-client";
import type { AcceptedReservation } from "../domain/reservation.ts";
import type { PublishOptions, QueueDepth } from "./queue.ts";
import { QueueFull, QueueUnavailable, QueueUnroutable } from "./queue-errors.ts";
import { openChannel, openConnection, writeTogether, type RabbitmqSessionOptions } from "./rabbitmq-session.ts";
import { describeBrokerFailure } from "./broker-failure.ts";
import { EarlierQueues, lookInto } from "./rabbitmq-earlier-queues.ts";
import { brokerQueueName, redeclaredAfterMs } from "./rabbitmq-topology.ts";
import { encodeReservation } from "./reservation-codec.ts";
import { systemClock } from "../time/clock.ts";
import { pause } from "../time/pause.ts";
import { settledWithin } from "../time/settled-within.ts";

export interface RabbitmqPublisherOptions extends RabbitmqSessionOptions {
  /** Most messages sent and not confirmed yet. */
  readonly maxUnconfirmed: number;
}

/** Messages that are sent together: as many as a socket takes before it asks for a pause. */
const maxWrittenTogether = 100;

/** State that ends with its connection. */
interface Session {
  readonly connection: Connection;
  channel: Promise<Channel> | undefined;
  /** The queue has been declared on this connection since its last failure. From then on a queue that is missing is news. */
  declared: boolean;
  /** Correlation ids of messages that the broker sent back as unroutable. */
  readonly returned: Set<string>;
  /** The last reason why the connection was lost or could not be opened. */
  failure: string | undefined;
}

/** Publishes with confirms, on a separate connection, because a broker short of memory blocks publishing connections. */
export class RabbitmqPublisher {
  readonly #options: RabbitmqPublisherOptions;
  readonly #queue: string;
  readonly #earlier: EarlierQueues;
  #session: Session | undefined;
  /** No session declares the queue before this moment, by the clock that never goes back. */
  #declaresAtMs = 0;
  #unconfirmed = 0;
  #publishes = 0;
  #closed = false;

  constructor(options: RabbitmqPublisherOptions) {
    this.#options = options;
    this.#queue = brokerQueueName(options.queueName);
    this.#earlier = new EarlierQueues(options.queueName, systemClock.elapsedMs);
  }

  async publish(reservations: readonly AcceptedReservation[], { signal }: PublishOptions = {}): Promise<void> {
    const { maxUnconfirmed } = this.#options;
    const count = reservations.length;
    if (count === 0) return;
    if (this.#unconfirmed + count > maxUnconfirmed) {
      const what = `${this.#unconfirmed} messages await their confirm, and ${count} more`;
      throw new QueueUnavailable(`${what} would exceed the limit of ${maxUnconfirmed}`);
    }
    this.#unconfirmed += count;
    try {
      await this.#bounded("confirm", (session) => this.#send(session, reservations), signal);
    } finally {
      this.#unconfirmed -= count;
    }
  }

  /**
   * Messages that wait, also in the queues of versions before, and consumers. A consumer of this version has all of these
   * queues, and one of an earlier version some of them, so the queue with the most consumers says how many there are at
   * least. 0 consumers if one of the queues has none: its leader may be out of reach. Rejects with `QueueUnroutable`
   * when the queue has been deleted: to declare it again without a word would hide that messages may be lost with it.
   */
  async measure(): Promise<Required<Pick<QueueDepth, "ready" | "consumers">>> {
    const { health, connectionName } = this.#options;
    return this.#bounded("count", async (session) => {
      const { connection } = session;
      if (!session.declared) await (await this.#openChannel(session)).close();
      const found = await lookInto(connection, this.#queue);
      if (found === undefined) throw this.#queueIsMissing(session);
      health.well(connectionName);
      const figures = [found, ...(await this.#earlier.look(connection))];
      const ready = figures.reduce((sum, { messages }) => sum + messages, 0);
      const counts = figures.map(({ consumers }) => consumers);
      return { ready, consumers: counts.includes(0) ? 0 : Math.max(...counts) };
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const session = this.#session;
    if (session === undefined) return;
    // While the broker cannot be reached, closing would wait for it. Destroying ends waits that have begun.
    if (!session.connection.ready) return this.#drop(session);
    const goodbye = Promise.resolve(session.channel)
      .then((channel) => channel?.close())
      .then(() => session.connection.close());
    await settledWithin(this.#options.timeoutMs, goodbye);
    this.#drop(session);
  }

  async #send(session: Session, reservations: readonly AcceptedReservation[]): Promise<void> {
    const channel = await (session.channel ??= this.#openConfirming(session));
    this.#publishes += 1;
    const correlationId = String(this.#publishes);
    const envelope = {
      exchange: "",
      routingKey: this.#queue,
      durable: true,
      mandatory: true,
      correlationId,
      // For a bare "application/json" some clients parse the body and do not give its bytes.
      contentType: "application/json; charset=utf-8",
    };
    const confirms: Promise<void>[] = [];
    const publish = (reservation: AcceptedReservation): void => {
      const message = { ...envelope, messageId: reservation.reservationId };
      confirms.push(channel.basicPublish(message, encodeReservation(reservation)));
    };
    for (let i = 0; i < reservations.length; i += maxWrittenTogether) {
      const some = reservations.slice(i, i + maxWrittenTogether);
      writeTogether(session.connection, () => some.forEach(publish));
    }
    try {
      await Promise.all(confirms);
    } catch (error) {
      throw await this.#typedFailure(channel, error);
    }
    // The broker returns an unroutable message before its confirm, but the client reports it one turn later.
    await new Promise((resolve) => setImmediate(resolve));
    if (!session.returned.delete(correlationId)) return;
    throw this.#queueIsMissing(session);
  }

  /** The next session declares the queue again, after a pause. */
  #queueIsMissing(session: Session): QueueUnroutable {
    const failure = new QueueUnroutable(`the broker had no queue ${this.#queue}`);
    this.#options.health.failed(this.#options.connectionName, failure.message);
    this.#declaresAtMs = systemClock.elapsedMs() + redeclaredAfterMs;
    this.#drop(session);
    return failure;
  }

  async #openChannel(session: Session): Promise<Channel> {
    const waitMs = this.#declaresAtMs - systemClock.elapsedMs();
    if (waitMs > 0) await pause(waitMs);
    const channel = await openChannel(session.connection, this.#options);
    session.declared = true;
    return channel;
  }

  async #openConfirming(session: Session): Promise<Channel> {
    try {
      const channel = await this.#openChannel(session);
      channel.once("close", () => void (session.channel = undefined));
      channel.on("basic.return", ({ correlationId }) => void session.returned.add(String(correlationId)));
      await channel.confirmSelect();
      return channel;
    } catch (error) {
      session.channel = undefined;
      throw error;
    }
  }

  /** A refusal (NACK) has no reason: the queue may be at its limit, or may have no leader at the moment. */
  async #typedFailure(channel: Channel, error: unknown): Promise<QueueUnavailable> {
    const { url, maxMessages } = this.#options;
    const queue = this.#queue;
    const unconfirmed = (): QueueUnavailable =>
      new QueueUnavailable(`messages for ${queue} were not confirmed: ${describeBrokerFailure(error, url)}`, {
        cause: error,
      });
    if (!(error instanceof AMQPError && error.code === "NACK")) return unconfirmed();
    const state = await channel.queueDeclare({ queue, passive: true }).catch(() => undefined);
    if (state === undefined || state.messageCount < maxMessages) return unconfirmed();
    const what = `the queue ${queue} holds ${state.messageCount} messages and takes no more`;
    return new QueueFull(`${what}: its limit is ${maxMessages}`, { cause: error });
  }

  /**
   * After the time limit the connection counts as dead, together with all other calls on it. When the signal is aborted,
   * it does so at once if it is not open.
   */
  #bounded<T>(what: string, work: (session: Session) => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#closed) return Promise.reject(new QueueUnavailable("the queue is closed"));
    const { timeoutMs } = this.#options;
    const session = (this.#session ??= this.#connect());
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const giveUp = (when: string): QueueUnavailable => {
      const why = session.failure === undefined ? "" : `: ${session.failure}`;
      const failure = new QueueUnavailable(`the broker did not ${what} ${when}${why}`);
      reject(failure);
      this.#drop(session);
      return failure;
    };
    const onAbort = (): void => {
      if (!session.connection.ready) giveUp("before the caller stopped");
    };
    const onTimeout = (): void => {
      const { message } = giveUp(`within ${timeoutMs} ms`);
      this.#options.health.failed(this.#options.connectionName, session.failure ?? message);
    };
    const timer = setTimeout(onTimeout, timeoutMs);
    signal?.addEventListener("abort", onAbort, { once: true });
    work(session)
      .then(resolve, reject)
      .finally(() => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
      });
    if (signal?.aborted === true) onAbort();
    return promise;
  }

  #connect(): Session {
    const onFailure = (reason: string): void => {
      session.failure = reason;
      session.declared = false;
    };
    const connection = openConnection(this.#options, onFailure);
    const session: Session = {
      connection,
      channel: undefined,
      declared: false,
      returned: new Set(),
      failure: undefined,
    };
    return session;
  }

  #drop(session: Session): void {
    if (this.#session === session) this.#session = undefined;
    session.connection.unsafeDestroy();
  }
}
