import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { closed, RespConnection, type Word } from "./harness/resp-connection.ts";
import { type StartedPair, startPair } from "./harness/start-pair.ts";

const redis = requireService("redis");
const limitBytes = 100_000;
const large = "x".repeat(240_000);
const small = "x".repeat(90_000);
const piece = "x".repeat(10_000);

/** What one client gets: the length of each reply, or "closed". */
async function outcomes(client: RespConnection, count: number): Promise<(number | string)[]> {
  const seen: (number | string)[] = [];
  for (let at = 0; at < count; at++) {
    const reply = await client.nextOrClosed();
    if (reply === closed) return [...seen, "closed"];
    seen.push(JSON.stringify(reply).length);
  }
  return seen;
}

const requests: Readonly<Record<string, readonly Word[][]>> = {
  "a reply below the limit": [["GET", "small"]],
  "a reply above the limit": [["GET", "large"]],
  "replies that together are above the limit": Array.from({ length: 40 }, () => ["GET", "piece"]),
  "an array above the limit": [["LRANGE", "list", 0, -1]],
  "a script's reply above the limit": [["EVAL", "return redis.call('get', 'large')", 0]],
  "a script that only reads much": [["EVAL", "return #redis.call('get', 'large')", 0]],
  "a transaction's reply above the limit": [["MULTI"], ["GET", "small"], ["GET", "small"], ["EXEC"]],
  "a large request with a small reply": [["SET", "other", large]],
};

describe.skipIf(redis.missing)(`clients with too large replies are closed as by redis-server${redis.reason}`, () => {
  let pair: StartedPair;
  const warnings: string[] = [];
  const report = (level: string, message: string): void => {
    if (level === "warning") warnings.push(message);
  };

  beforeAll(async () => {
    const limits = `normal ${limitBytes} 0 0 pubsub ${limitBytes} 0 0`;
    pair = await startPair({
      flags: { "client-output-buffer-limit": limits },
      myRedis: { environment: { report } },
    });
    await pair.onBoth(async (port, side) => {
      const client = await RespConnection.open(port, side);
      await client.reply("MSET", "large", large, "small", small, "piece", piece);
      for (let at = 0; at < 24; at++) await client.reply("RPUSH", "list", piece);
      client.close();
    });
  });

  afterAll(() => pair.close());

  for (const [what, commands] of Object.entries(requests)) {
    test(what, async () => {
      const [ours, theirs] = await pair.onBoth(async (port, side) => {
        const client = await RespConnection.open(port, side);
        client.send(...commands);
        const seen = await outcomes(client, commands.length);
        client.close();
        const { text } = await pair.control[side].reply("INFO", "clients");
        return [seen, /^connected_clients:\d+/m.exec(text ?? "")?.[0]];
      });
      expect(ours).toEqual(theirs);
    });
  }

  test("a message above the limit closes the subscriber, and not the publisher", async () => {
    const [ours, theirs] = await pair.onBoth(async (port, side) => {
      const subscriber = await RespConnection.open(port, side);
      await subscriber.reply("SUBSCRIBE", "channel");
      const publisher = await RespConnection.open(port, side);
      const published = await publisher.replies([
        ["PUBLISH", "channel", small],
        ["PUBLISH", "channel", large],
      ]);
      const seen = await outcomes(subscriber, 2);
      const after = await publisher.reply("PUBLISH", "channel", "x");
      subscriber.close();
      publisher.close();
      return [published, seen.at(-1), after];
    });
    expect(ours).toEqual(theirs);
    expect(ours[1]).toBe("closed");
  });

  /** Whether a monitor is disconnected that gets one line of more than the limit. */
  async function monitorIsClosed(port: number, limits: string): Promise<boolean> {
    const setting = await RespConnection.open(port, "writer");
    await setting.reply("CONFIG", "SET", "client-output-buffer-limit", limits);
    const monitor = await RespConnection.open(port, "monitor");
    await monitor.reply("MONITOR");
    await setting.replies([["SET", "other", large], ["PING"]]);
    const seen = [await monitor.nextOrClosed(), await monitor.nextOrClosed()];
    monitor.close();
    setting.close();
    return seen.includes(closed);
  }

  test("a monitor has the limit of normal clients", async () => {
    for (const [limits, isClosed] of [
      [`normal ${limitBytes} 0 0 pubsub 0 0 0`, true],
      [`normal ${10 * large.length} 0 0 pubsub ${limitBytes} 0 0`, false],
    ] as const) {
      expect(await pair.onBoth((port) => monitorIsClosed(port, limits))).toEqual([isClosed, isClosed]);
    }
  });

  test("where normal clients have no limit, a monitor of MyRedis has that of subscribers", async () => {
    const limits = `normal 0 0 0 pubsub ${limitBytes} 0 0`;
    expect(await pair.onBoth((port) => monitorIsClosed(port, limits))).toEqual([true, false]);
  });

  test("the log says in Redis's words that a client was closed", () => {
    const lines = warnings.filter((line) => line.includes("closed for overcoming of output buffer limits"));
    expect(lines.length).toBeGreaterThan(0);
    expect(lines[0]).toMatch(/^Client id=\d+ addr=127\.0\.0\.1:\d+ closed for overcoming of output buffer limits: /);
  });

  // Only MyRedis is asked: redis-server measures in whole seconds from the first reply on, and so closes such a client
  // sometimes.
  test("the soft limit alone delivers a reply that the client reads at once, again and again", async () => {
    await pair.control.MyRedis.reply("CONFIG", "SET", "client-output-buffer-limit", "normal 0 100000 1");
    const client = await RespConnection.open(pair.ports.MyRedis, "MyRedis");
    const seen: (number | string)[] = [];
    for (let at = 0; at < 3; at++) {
      client.send(["GET", "large"]);
      seen.push(...(await outcomes(client, 1)));
      await Bun.sleep(600);
    }
    client.close();
    expect(seen).not.toContain("closed");
    expect(seen).toHaveLength(3);
  });
});
