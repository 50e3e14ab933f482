import { afterEach, expect, spyOn, test } from "bun:test";
import type { LogRewriter } from "../../../src/persistence/aof/log-rewriter.ts";
import { type OpenServer, startOpenServer } from "../../../src/start-server.ts";
import { freePorts, temporaryFolder } from "../../../../tools/test-services/index.ts";
import { RespConnection } from "../../differential/harness/resp-connection.ts";
import { arrivingAt, closeServers, inside, startCopy } from "./copied-slots.ts";

let open: OpenServer | undefined;

afterEach(async () => {
  await Promise.all([closeServers(), open?.close()]);
});

async function startWithLog() {
  const [port] = (await freePorts(1)) as [number];
  open = await startOpenServer({
    ...{ bind: "127.0.0.1", port, dir: temporaryFolder("put-off"), appendonly: "yes", save: "" },
    ...{ "auto-aof-rewrite-min-size": "100kb", "auto-aof-rewrite-percentage": 100 },
  });
  const connection = await RespConnection.open(port, "a target");
  return { server: open.server, connection, rewriter: open.server.storage!.log.rewriter as LogRewriter };
}

test("a target puts the rewrite of its log off while a large value arrives, and not for small ones", async () => {
  const { begin, connection } = await startCopy();
  const target = await startWithLog();
  const putOff = spyOn(target.rewriter, "putOff");
  const incoming = arrivingAt(target.server);
  const [small, large] = [inside("small"), inside("large")];
  // Not packed, like a large one.
  await connection.reply("HSET", small, ...Array.from({ length: 600 }, (_, number) => [`f${number}`, "value"]).flat());
  const smallCopy = begin();
  incoming.apply(smallCopy.part(0)!.commands, () => ["ECHO", "cursor"]);
  expect(putOff).not.toHaveBeenCalled();
  const words = Array.from({ length: 20_000 }, (_, number) => [`f${number}`, `${number}:${"y".repeat(100)}`]).flat();
  await connection.reply("HSET", large, ...words);
  const copy = begin();
  for (let number = 0; !copy.part(number)!.isLast; number++) {
    incoming.apply(copy.part(number)!.commands, () => ["ECHO", "cursor"]);
  }
  expect(putOff).toHaveBeenCalled();
  connection.close();
  target.connection.close();
});

test("a rewrite that is put off does not begin by itself before the log has four times the size", async () => {
  const { connection, rewriter } = await startWithLog();
  const text = "x".repeat(60_000);
  rewriter.putOff(3_600_000);
  for (let bytes = 0; bytes < 350_000; bytes += text.length) {
    await connection.reply("SET", "key", text);
    rewriter.tick();
  }
  expect([rewriter.startedMs, rewriter.count]).toEqual([undefined, 0]);
  for (let bytes = 0; bytes < 100_000; bytes += text.length) await connection.reply("SET", "key", text);
  rewriter.tick();
  expect(rewriter.startedMs !== undefined || rewriter.count > 0).toBe(true);
  connection.close();
});
