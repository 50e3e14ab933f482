import { expect, test } from "bun:test";
import { join } from "node:path";
import { startProcess } from "../../../tools/test-services/index.ts";
import { startServer } from "../../index.ts";
import { temporaryFolder } from "../../../tools/test-services/index.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";

/** Stops a busy node with a grace time that is shorter than its work; returns what the node wrote. */
async function stopBusyNode(mode: string): Promise<string> {
  const program = join(import.meta.dirname, "stopping-process.ts");
  const supervisor = await startProcess({ cmd: [process.execPath, program, mode] });
  await supervisor.exited;
  return supervisor.stdout();
}

test("a node that makes progress is not killed, however long it takes", async () => {
  expect(await stopBusyNode("busy")).toBe("finished\nended: as it should\n");
}, 20_000);

test("a node that makes no progress at its end is killed, which is a failure", async () => {
  expect(await stopBusyNode("silent")).toBe("ended: it ended with SIGKILL\n");
}, 20_000);

test("a snapshot that blocks the server reports progress", async () => {
  let reported = 0;
  const environment = { progress: () => void reported++ };
  const server = await startServer({ port: 0, dir: temporaryFolder("progress"), rdbcompression: false, environment });
  const connection = await RespConnection.open(server.port, "MyRedis");
  const value = "x".repeat(8 * 1024 * 1024);
  await connection.replies(Array.from({ length: 10 }, (_, key) => ["SET", `key:${key}`, value]));
  expect(reported).toBe(0);
  expect((await connection.reply("SAVE")).text).toBe("OK");
  expect(reported).toBe(2);
  connection.close();
  await server.close();
});
