import { afterEach, expect, test } from "bun:test";
import { freePort } from "../../../tools/test-services/index.ts";
import { QueueUnavailable } from "../../src/queue/queue-errors.ts";
import type { ReservationQueue } from "../../src/queue/queue.ts";
import { rabbitmqQueue } from "../../src/queue/rabbitmq-queue.ts";
import { collect, reservation } from "../contract/queue/queue-fixtures.ts";

/** What the queue would wait for a broker, and the most that stopping may take. */
const timeoutMs = 10_000;
const promptMs = 1_000;

const opened: ReservationQueue[] = [];
afterEach(async () => {
  for (const queue of opened.splice(0)) await queue.close();
});

/** A queue whose broker refuses connections. */
async function refusedQueue(): Promise<ReservationQueue> {
  const queue = rabbitmqQueue({ url: `amqp://127.0.0.1:${await freePort()}`, timeoutMs });
  opened.push(queue);
  return queue;
}

async function expectPrompt(work: Promise<unknown>): Promise<void> {
  const startedMs = performance.now();
  await work;
  expect(performance.now() - startedMs).toBeLessThan(promptMs);
}

/** Long enough for some refused connections, so that the next attempt is some time away. */
const refusals = (): Promise<void> => Bun.sleep(400);

test("a consumer of a broker that refuses connections stops at once", async () => {
  const queue = await refusedQueue();
  const consumer = await collect(queue);
  await refusals();
  await expectPrompt(consumer.stop());
  await expectPrompt(queue.close());
});

test("a queue whose broker refuses connections closes at once, and ends the calls that wait for the broker", async () => {
  const queue = await refusedQueue();
  await collect(queue);
  const calls = Promise.allSettled([queue.publish([reservation(1)]), queue.depth()]);
  await refusals();
  await expectPrompt(queue.close());
  await expectPrompt(calls);
  for (const call of await calls)
    expect(call).toMatchObject({ status: "rejected", reason: expect.any(QueueUnavailable) });
});

test("a publish whose caller stops does not wait for a broker that refuses connections", async () => {
  const queue = await refusedQueue();
  const stopping = new AbortController();
  const { signal } = stopping;
  let failure: unknown;
  const published = queue.publish([reservation(1)], { signal }).catch((error: unknown) => void (failure = error));
  await refusals();
  expect(failure).toBeUndefined();
  stopping.abort();
  await expectPrompt(published);
  expect(String(failure)).toContain("did not confirm before the caller stopped");
  const late = queue.publish([reservation(1)], { signal }).catch((error: unknown) => void (failure = error));
  await expectPrompt(late);
  expect(failure).toBeInstanceOf(QueueUnavailable);
});
