import { afterEach, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { type OpenServer, startOpenServer } from "../../src/start-server.ts";
import { RawClient } from "./raw-client.ts";

let running: OpenServer;

afterEach(() => running.close());

async function start(): Promise<[RawClient, RawClient]> {
  running = await startOpenServer({ port: 0, memory: true, bind: ["127.0.0.1"] });
  const client = await RawClient.open(running.port);
  await client.send('CONFIG SET client-output-buffer-limit "pubsub 200000 0 0"\r\n');
  expect(await client.receive(5)).toBe("+OK\r\n");
  const monitor = await RawClient.open(running.port);
  await monitor.send("MONITOR\r\n");
  expect(await monitor.receive(5)).toBe("+OK\r\n");
  return [monitor, client];
}

const loop = (times: number): string =>
  `EVAL "for number = 1, ${times} do redis.call('echo', string.rep('x', 100)) end return 'done'" 0\r\n`;

test("a monitor is disconnected when one script runs more commands than it may leave unread", async () => {
  const [monitor, client] = await start();
  await client.send(loop(10_000));
  expect(await client.receive(15)).toBe("+OK\r\n$4\r\ndone\r\n");
  await monitor.untilClosed();
  expect(running.server.observers.monitors.count).toBe(0);
  await client.send("PING\r\n");
  expect(await client.receive(22)).toBe("+OK\r\n$4\r\ndone\r\n+PONG\r\n");
  client.close();
});

test("a monitor is shown everything that is within its limit, and costs nothing once it has disconnected", async () => {
  const [monitor, client] = await start();
  const { observerList } = running.server;
  const watched = observerList.count;
  const rounds = 20;
  const lineCount = (): number => monitor.received.split('"echo"').length - 1;
  for (let round = 1; round <= rounds; round++) {
    await client.send(loop(500));
    await client.receive(5 + 10 * round);
    await waitUntil(() => lineCount() === 500 * round, { what: `${500 * round} lines`, timeoutMs: 10_000 });
  }
  monitor.close();
  while (running.server.observers.monitors.count > 0) await Bun.sleep(1);
  expect(observerList.count).toBe(watched - 1);
  client.close();
});
