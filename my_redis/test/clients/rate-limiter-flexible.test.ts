import { afterAll, beforeAll, expect, test } from "bun:test";
import { Redis } from "ioredis";
import { RateLimiterQueue, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";
import { type RunningServer, startServer } from "../../index.ts";

let server: RunningServer;
let redis: Redis;

beforeAll(async () => {
  server = await startServer({ port: 0, memory: true });
  redis = new Redis(server.port);
});
afterAll(async () => {
  redis.disconnect();
  await server.close();
});

test("points are counted across limiters, and requests beyond the limit are refused", async () => {
  const options = { storeClient: redis, keyPrefix: "points", points: 50, duration: 600 };
  const limiters = [new RateLimiterRedis(options), new RateLimiterRedis({ ...options, useRedisPackage: false })];
  const outcomes = await Promise.allSettled(
    Array.from({ length: 80 }, (_, index) => (limiters[index % 2] as RateLimiterRedis).consume("buyer")),
  );
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(50);
  const refused = outcomes.find(({ status }) => status === "rejected") as PromiseRejectedResult;
  expect(refused.reason).toBeInstanceOf(RateLimiterRes);
  expect(refused.reason.msBeforeNext).toBeGreaterThan(0);
  expect(refused.reason.remainingPoints).toBe(0);
  expect((await limiters[0]?.get("buyer"))?.consumedPoints).toBe(80);
});

test("points can be given back, taken away and forgotten", async () => {
  const limiter = new RateLimiterRedis({ storeClient: redis, keyPrefix: "change", points: 5, duration: 600 });
  await limiter.penalty("buyer", 3);
  await limiter.reward("buyer", 1);
  expect((await limiter.get("buyer"))?.consumedPoints).toBe(2);
  expect(await limiter.delete("buyer")).toBe(true);
  expect(await limiter.get("buyer")).toBeNull();
});

test("a client that exceeds its points is blocked for a separate duration", async () => {
  const limiter = new RateLimiterRedis({
    storeClient: redis,
    keyPrefix: "block",
    points: 1,
    duration: 1,
    blockDuration: 600,
  });
  await limiter.consume("buyer");
  const refusal = (await limiter.consume("buyer").catch((error: unknown) => error)) as RateLimiterRes;
  expect(refusal.msBeforeNext).toBeGreaterThan(1000);
  expect(await redis.ttl("block:buyer")).toBeGreaterThan(500);
});

test("an expired window begins again", async () => {
  const limiter = new RateLimiterRedis({ storeClient: redis, keyPrefix: "window", points: 1, duration: 1 });
  await limiter.consume("buyer");
  const refusal = (await limiter.consume("buyer").catch((error: unknown) => error)) as RateLimiterRes;
  await Bun.sleep(refusal.msBeforeNext + 50);
  expect((await limiter.consume("buyer")).consumedPoints).toBe(1);
});

test("a queue serves its waiting requests window by window", async () => {
  const limiter = new RateLimiterRedis({ storeClient: redis, keyPrefix: "queue", points: 2, duration: 1 });
  const queue = new RateLimiterQueue(limiter, { maxQueueSize: 10 });
  const remaining = await Promise.all(Array.from({ length: 5 }, () => queue.removeTokens(1, "buyer")));
  expect(remaining).toHaveLength(5);
}, 60_000);
