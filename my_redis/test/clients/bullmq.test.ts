import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Job, Queue, QueueEvents, Worker } from "bullmq";
import { Redis } from "ioredis";
import { type RunningServer, startServer } from "../../index.ts";

/**
 * BullMQ with its default settings: Lua scripts, streams, blocking sorted sets, delays. No test depends on the
 * machine's speed.
 */
let server: RunningServer;
const opened: { close(): Promise<unknown> }[] = [];

beforeAll(async () => {
  server = await startServer({ port: 0, memory: true });
});
afterAll(async () => {
  for (const part of opened.reverse()) await part.close();
  await server.close();
});

const connection = () => ({ host: "127.0.0.1", port: server.port, maxRetriesPerRequest: null });

function queueOf(name: string): Queue {
  const queue = new Queue(name, { connection: connection() });
  // Each job that a test waits for adds a listener to the queue, and Node would report that many as a leak.
  queue.setMaxListeners(0);
  opened.push(queue);
  return queue;
}

async function eventsOf(name: string): Promise<QueueEvents> {
  const events = new QueueEvents(name, { connection: connection() });
  opened.push(events);
  await events.waitUntilReady();
  return events;
}

function workerOf(
  name: string,
  run: (job: Job) => Promise<unknown>,
  options: { concurrency?: number; limiter?: { max: number; duration: number } } = {},
): Worker {
  const worker = new Worker(name, run, { connection: connection(), ...options });
  worker.on("error", (error) => {
    throw error;
  });
  opened.push(worker);
  return worker;
}

test("jobs are each done once by one of several workers, and return their results", async () => {
  const queue = queueOf("sums");
  const events = await eventsOf("sums");
  const done: number[] = [];
  for (let i = 0; i < 3; i++) {
    workerOf(
      "sums",
      async (job) => {
        done.push(job.data.left);
        return job.data.left + job.data.right;
      },
      { concurrency: 5 },
    );
  }
  const jobs = await queue.addBulk(
    Array.from({ length: 200 }, (_, index) => ({ name: "add", data: { left: index, right: 1 } })),
  );
  const results = await Promise.all(jobs.map((job) => job.waitUntilFinished(events, 60_000)));
  expect(results).toEqual(jobs.map((_, index) => index + 1));
  expect(done.sort((one, other) => one - other)).toEqual(jobs.map((_, index) => index));
  expect(await queue.getJobCounts()).toMatchObject({ completed: 200, waiting: 0, active: 0, failed: 0 });
}, 90_000);

test("a delayed job waits for its delay, and priorities come before the order of arrival", async () => {
  const queue = queueOf("ordered");
  const events = await eventsOf("ordered");
  const delayMs = 300;
  await queue.add("low", {}, { priority: 10 });
  await queue.add("high", {}, { priority: 1 });
  const late = await queue.add("late", {}, { delay: delayMs });
  expect(await late.getState()).toBe("delayed");
  const order: string[] = [];
  workerOf("ordered", async (job) => {
    order.push(job.name);
    return Date.now();
  });
  const doneAtMs = await late.waitUntilFinished(events, 60_000);
  expect(order).toEqual(["high", "low", "late"]);
  expect(doneAtMs).toBeGreaterThanOrEqual(late.timestamp + delayMs);
}, 90_000);

test("a failing job is tried again after growing pauses, and finally fails with its reason", async () => {
  const queue = queueOf("failing");
  const events = await eventsOf("failing");
  let tries = 0;
  workerOf("failing", async (job) => {
    tries++;
    if (job.name === "recovers" && job.attemptsMade >= 2) return "well";
    throw new Error(`try ${job.attemptsMade + 1} failed`);
  });
  const backoff = { type: "exponential", delay: 20 };
  const recovers = await queue.add("recovers", {}, { attempts: 3, backoff });
  expect(await recovers.waitUntilFinished(events, 60_000)).toBe("well");
  expect(tries).toBe(3);
  const fails = await queue.add("fails", {}, { attempts: 2, backoff });
  await expect(fails.waitUntilFinished(events, 60_000)).rejects.toThrow("try 2 failed");
  expect((await queue.getFailed()).map((job) => job.failedReason)).toEqual(["try 2 failed"]);
  await (await queue.getFailed())[0]?.remove();
  expect(await queue.getFailedCount()).toBe(0);
}, 90_000);

test("a rate limit lets no more jobs begin within its duration than it allows", async () => {
  const queue = queueOf("limited");
  const events = await eventsOf("limited");
  const duration = 400;
  const startedAtMs: number[] = [];
  workerOf(
    "limited",
    async () => {
      startedAtMs.push(Date.now());
    },
    { limiter: { max: 3, duration }, concurrency: 10 },
  );
  const jobs = await queue.addBulk(Array.from({ length: 9 }, () => ({ name: "tick", data: {} })));
  await Promise.all(jobs.map((job) => job.waitUntilFinished(events, 60_000)));
  expect(startedAtMs).toHaveLength(9);
  // Nine jobs, three at a time: at least two full pauses lie between the first and the last.
  expect((startedAtMs.at(-1) as number) - (startedAtMs[0] as number)).toBeGreaterThanOrEqual(duration);
}, 90_000);

test("a repeated job comes again and again until its scheduler is removed", async () => {
  const queue = queueOf("repeated");
  let runs = 0;
  const { promise: ranThrice, resolve } = Promise.withResolvers<void>();
  workerOf("repeated", async () => {
    if (++runs === 3) resolve();
  });
  await queue.upsertJobScheduler("each", { every: 100 }, { name: "tick" });
  await ranThrice;
  expect(await queue.getJobSchedulersCount()).toBe(1);
  expect(await queue.removeJobScheduler("each")).toBe(true);
  expect(await queue.getJobSchedulersCount()).toBe(0);
}, 90_000);

test("a job of a worker that has died is taken over, and drained and obliterated queues leave no key", async () => {
  const queue = queueOf("stalled");
  const events = await eventsOf("stalled");
  const settings = { lockDuration: 300, stalledInterval: 200 };
  const { promise: taken, resolve } = Promise.withResolvers<void>();
  const gone = new Worker(
    "stalled",
    () => {
      resolve();
      return new Promise(() => {});
    },
    { connection: connection(), ...settings, skipLockRenewal: true, skipStalledCheck: true },
  );
  gone.on("error", () => {});
  opened.push({ close: () => gone.close(true) });
  const job = await queue.add("work", {});
  await taken;
  const heir = new Worker("stalled", async () => "done by the heir", { connection: connection(), ...settings });
  opened.push(heir);
  expect(await job.waitUntilFinished(events, 60_000)).toBe("done by the heir");
  await heir.close();
  await gone.close(true);
  await queue.obliterate({ force: true });
  const redis = new Redis(server.port);
  opened.push({ close: async () => redis.disconnect() });
  expect(await redis.keys("bull:ordered:*")).not.toEqual([]);
  // The line above shows that such a pattern finds the keys of a queue that was not obliterated.
  expect(await redis.keys("bull:stalled:*")).toEqual([]);
}, 90_000);
