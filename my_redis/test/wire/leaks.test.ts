import { afterEach, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import type { Context } from "../../src/dispatch/context.ts";
import { type OpenServer, startOpenServer } from "../../src/start-server.ts";
import { RawClient } from "./raw-client.ts";

let running: OpenServer | undefined;

afterEach(async () => {
  await running?.close();
  running = undefined;
});

for (const transport of ["bun", "node"] as const) {
  test(`over ${transport} sockets nothing is left of clients that watched, queued, waited or were paused`, async () => {
    running = await startOpenServer({ port: 0, memory: true, transport });
    const { server, port } = running;
    const manners = [
      "WATCH a b c\r\nMULTI\r\nSET a 1\r\n",
      "BLPOP list other 0\r\nPING\r\n",
      "BLMOVE list other LEFT LEFT 1000\r\n",
      "XREAD BLOCK 0 STREAMS stream $\r\n",
      "WATCH a\r\nBZPOPMIN z 0\r\n",
      "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100\r\nhalf",
      "SUBSCRIBE channel\r\n",
    ];
    const clients = await Promise.all([...manners, ...manners].map(() => RawClient.open(port)));
    for (const [index, client] of clients.entries()) await client.send(manners[index % manners.length] as string);
    await waitUntil(() => server.blocking.count === 8 && server.watched.count === 3, {
      what: "all to wait",
      timeoutMs: 5000,
    });
    const held = await RawClient.open(port);
    await held.send("CLIENT PAUSE 100000 ALL\r\nSET key value\r\n");
    await waitUntil(() => server.clients.postponedCount === 1, { what: "one to be held back", timeoutMs: 5000 });
    const paused = [...server.clients.connected.values()].find(({ client }) => client.isPostponed) as Context;
    for (const client of [...clients, held]) client.close();
    await waitUntil(() => server.clients.connected.size === 0, { what: "all to be gone", timeoutMs: 5000 });
    expect(server.blocking.count).toBe(0);
    expect(server.blocking.keyCount).toBe(0);
    expect(server.watched.count).toBe(0);
    expect(server.pause.forget(paused)).toBe(false);
    expect(server.keyspace.observed).toBe(false);
  });
}
