import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../../tools/test-services/index.ts";
import { listenWithBun } from "../../src/network/bun-transport.ts";
import { OpenListeners } from "../../src/network/open-listeners.ts";
import { canAsk } from "../../src/network/socket-calls.ts";
import type { TransportSocket } from "../../src/network/transport.ts";

test.skipIf(!canAsk)(
  "a client that has connected is served, although the listeners are closed before and opened again",
  async () => {
    const listeners = new OpenListeners((_level, text) => {
      throw new Error(text);
    });
    let listening = 0;
    const port = await listeners.open({ host: "127.0.0.1", port: 0, purpose: "clients" }, async (options) => {
      const listener = await listenWithBun<TransportSocket>(options, {
        open: (socket) => socket,
        data: (socket, chunk) => void socket.write(chunk, 0, chunk.length),
        ...{ drain: () => {}, end: (socket) => socket.end(), close: () => {} },
      });
      listening++;
      return listener;
    });
    const connected = join(temporaryFolder("listeners"), "connected");
    // The system has the connection, and this process has not accepted it: it does not get to it before.
    const script = `exec 3<>/dev/tcp/127.0.0.1/${port}; echo hello >&3; : >${connected}; read -r line <&3; echo "$line"`;
    const client = Bun.spawn(["bash", "-c", script], { stdout: "pipe" });
    while (!existsSync(connected));
    for (let round = 0; round < 3; round++) {
      listeners.closePlain();
      listeners.openAgain();
      // Nothing is accepted in between.
      while (listening < round + 2) await Promise.resolve();
      await Promise.resolve();
    }
    expect(await new Response(client.stdout).text()).toBe("hello\n");
    listeners.stop();
  },
);
