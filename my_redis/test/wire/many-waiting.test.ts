import { afterEach, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { type OpenServer, startOpenServer } from "../../src/start-server.ts";
import { RawClient } from "./raw-client.ts";

let running: OpenServer | undefined;

afterEach(async () => {
  await running?.close();
  running = undefined;
});

test("of many clients that wait for one key, only a few try for each element, and they are served in order", async () => {
  running = await startOpenServer({ port: 0, memory: true });
  const { server, port } = running;
  const clients: RawClient[] = [];
  for (let number = 0; number < 30; number++) {
    const client = await RawClient.open(port);
    await client.send("BLPOP list 0\r\n");
    await waitUntil(() => server.blocking.count === number + 1, { what: "a client to wait", timeoutMs: 5000 });
    clients.push(client);
  }
  const reader = await RawClient.open(port);
  await reader.send("XGROUP CREATE stream group $ MKSTREAM\r\nXREADGROUP GROUP group me BLOCK 0 STREAMS stream >\r\n");
  await waitUntil(() => server.blocking.count === 31, { what: "the reader to wait", timeoutMs: 5000 });
  const { processor } = server;
  const call = processor.call.bind(processor);
  let tries = 0;
  processor.call = (context, command, args, reply) => {
    if (command.name === "BLPOP") tries++;
    call(context, command, args, reply);
  };
  const pusher = await RawClient.open(port);
  for (const number of clients.keys()) await pusher.send(`RPUSH list ${number}\r\n`);
  for (const [number, client] of clients.entries()) {
    const text = `*2\r\n$4\r\nlist\r\n$${String(number).length}\r\n${number}\r\n`;
    expect(await client.receive(text.length)).toBe(text);
  }
  // The first client takes the element. The next one finds nothing, and tries once more, because taking the element is
  // a change of the key, too.
  expect(tries).toBeLessThanOrEqual(clients.length * 3);
  await pusher.send("DEL stream\r\n");
  expect(await reader.receive(6)).toStartWith("+OK\r\n-NOGROUP");
  for (const client of [...clients, reader, pusher]) client.close();
});
