import { expect, test } from "bun:test";
import { EventEmitter } from "node:events";
import type { Connection } from "rabbitmq-client";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { RabbitmqSubscription } from "../../src/queue/rabbitmq-subscription.ts";

/** A channel that loses its connection while it is being closed: the client library's promise then stays open. */
class ChannelWithoutEnd extends EventEmitter {
  active = true;
  async queueDeclare(): Promise<void> {}
  async basicQos(): Promise<void> {}
  async basicConsume(): Promise<{ consumerTag: string }> {
    return { consumerTag: "tag" };
  }
  async basicCancel(): Promise<void> {}
  close(): Promise<void> {
    this.active = false;
    this.emit("close");
    return new Promise(() => {});
  }
}

test("subscribes again, and stops, after channels that lost their connection while they were closed", async () => {
  const channels: ChannelWithoutEnd[] = [];
  const acquire = async (): Promise<ChannelWithoutEnd> => {
    const channel = new ChannelWithoutEnd();
    channels.push(channel);
    return channel;
  };
  let subscriptions = 0;
  const subscription = new RabbitmqSubscription({
    connection: { acquire } as unknown as Connection,
    queue: { queue: "reservations" },
    prefetchCount: 1,
    onMessage: () => {},
    onSubscribed: () => subscriptions++,
    onFailure: () => {},
  });
  await waitUntil(() => subscriptions === 1, { what: "the subscription", timeoutMs: 5_000 });
  channels[0]!.emit("basic.cancel", "tag", new Error("the queue was deleted"));
  await waitUntil(() => subscriptions === 2, { what: "the second subscription", timeoutMs: 5_000 });
  await subscription.close();
  expect(channels).toHaveLength(2);
  expect(subscription.isSubscribed).toBe(false);
});
