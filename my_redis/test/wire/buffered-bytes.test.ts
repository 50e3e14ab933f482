import { expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { listenWithBun } from "../../src/network/bun-transport.ts";
import { listenWithNode } from "../../src/network/node-transport.ts";
import type { Listen, TransportSocket } from "../../src/network/transport.ts";
import { RawClient } from "./raw-client.ts";

const transports: Readonly<Record<string, Listen>> = { bun: listenWithBun, node: listenWithNode };

for (const [name, listen] of Object.entries(transports)) {
  test(`a ${name} socket tells of the bytes that it has taken and the system has not`, async () => {
    let socket: TransportSocket | undefined;
    const listener = await listen(
      { host: "127.0.0.1", port: 0 },
      {
        ...{ data: () => {}, drain: () => {}, close: () => {} },
        open: (opened) => (socket = opened),
      },
    );
    const client = await RawClient.open(listener.port);
    client.stopReading();
    await waitUntil(() => socket !== undefined, { what: "the connection", timeoutMs: 5000 });
    const server = socket as unknown as TransportSocket;
    const piece = new Uint8Array(512 * 1024);
    let takenBytes = 0;
    let took = piece.length;
    while (took === piece.length) takenBytes += took = server.write(piece, 0, piece.length);
    if (name === "node") expect(server.bufferedBytes).toBeGreaterThan(0);
    else expect(server.bufferedBytes).toBe(0);
    expect(server.bufferedBytes).toBeLessThanOrEqual(1024 * 1024);
    client.startReading();
    await client.receive(takenBytes);
    await waitUntil(() => server.bufferedBytes === 0, { what: "the system to take all", timeoutMs: 5000 });
    client.close();
    listener.close();
  });
}
