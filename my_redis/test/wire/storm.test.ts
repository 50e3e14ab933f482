import { afterEach, describe, expect, test } from "bun:test";
import { closeSocket, connectTo } from "../../../bench/open-loop/libc-sockets.ts";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { clientsAllowedBySystem } from "../../src/network/open-files-limit.ts";
import { type OpenServer, startOpenServer } from "../../src/start-server.ts";
import { RawClient } from "./raw-client.ts";

let running: OpenServer | undefined;
let descriptors: number[] = [];

afterEach(async () => {
  for (const descriptor of descriptors) closeSocket(descriptor);
  descriptors = [];
  await running?.close();
  running = undefined;
});

/** Clients that are set up in one turn, at most: `clientsPerTurn` of network/arrivals.ts, and a few of the test's own. */
const mostPerTurn = 40;

const stormClients = 10_000;
const processes = 4;

/** Looks once a turn at how many clients have been set up. `stop` gives the most of one turn. */
function watchTurns(connected: { readonly size: number }): { stop(): number } {
  let most = 0;
  let before = connected.size;
  let isOver = false;
  const count = (): void => {
    most = Math.max(most, connected.size - before);
    before = connected.size;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  return {
    stop() {
      isOver = true;
      return most;
    },
  };
}

for (const transport of ["bun", "node"] as const) {
  describe(`a storm of connections over ${transport} sockets`, () => {
    test("is spread over turns: in none of them many clients are set up", async () => {
      running = await startOpenServer({ port: 0, memory: true, transport });
      const { connected } = running.server.clients;
      const watch = watchTurns(connected);
      // As many as the system holds ready; all of them are there before the server's next turn.
      for (let index = 0; index < 400; index++) descriptors.push(connectTo(running.port));
      await waitUntil(() => connected.size === 400, { what: "all clients to be set up", timeoutMs: 20_000 });
      expect(watch.stop()).toBeLessThan(mostPerTurn);
    });

    test("of 10,000 clients leaves those that are there served, in turns as short", async () => {
      running = await startOpenServer({ port: 0, memory: true, transport, maxclients: 2 * stormClients });
      const { server, port } = running;
      const { connected } = server.clients;
      const first = await RawClient.open(port);
      const allowed = clientsAllowedBySystem() ?? stormClients;
      const each = Math.floor(Math.min(stormClients, allowed - 100) / processes);
      const watch = watchTurns(connected);
      const program = `${import.meta.dirname}/storm-process.ts`;
      const storm = Array.from({ length: processes }, () =>
        Bun.spawn([process.execPath, program, `${port}`, `${each}`], { stdout: "pipe", stderr: "inherit" }),
      );
      try {
        let pings = 0;
        let isOver = false;
        const connect = async (): Promise<void> => {
          await Promise.all(storm.map(({ stdout }) => stdout.getReader().read()));
          isOver = true;
        };
        const connecting = connect();
        while (
          !isOver ||
          server.info.linesOf("clients").some(([name, value]) => name === "clients_arriving" && value)
        ) {
          await first.send("PING\r\n");
          await first.receive(7 * ++pings);
          await Bun.sleep(1);
        }
        await connecting;
        // The system may drop connections that it cannot hold ready, and tells neither side.
        expect(connected.size).toBeGreaterThan((each * processes) / 2);
        expect(watch.stop()).toBeLessThan(mostPerTurn);
        expect(server.observers.statistics.connectionsRejected).toBe(0);
      } finally {
        for (const child of storm) child.kill();
        await Promise.all(storm.map(({ exited }) => exited));
        first.close();
      }
    }, 60_000);

    test("leaves no client behind that disconnects before it is set up", async () => {
      running = await startOpenServer({ port: 0, memory: true, transport });
      const { connected } = running.server.clients;
      for (let index = 0; index < 400; index++) closeSocket(connectTo(running.port));
      const client = await RawClient.open(running.port);
      await client.send("PING\r\n");
      expect(await client.receive(7)).toBe("+PONG\r\n");
      await waitUntil(() => connected.size === 1, { what: "the others to be gone", timeoutMs: 20_000 });
      expect(new Map(running.server.info.linesOf("clients")).get("clients_arriving")).toBe(0);
      client.close();
    });
  });
}
