import { expect, test } from "bun:test";
import { copyFileSync, mkdirSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../../tools/test-services/index.ts";
import { type RunningServer, startServer } from "../../index.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";

const fileName = "appendonly.aof.1.incr.aof";
const manifestName = "appendonly.aof.manifest";

const start = (dir: string): Promise<RunningServer> => startServer({ port: 0, appendonly: true, dir });

async function values(server: RunningServer): Promise<string> {
  const connection = await RespConnection.open(server.port, "MyRedis");
  const reply = await connection.reply("MGET", "a", "b", "c", "after");
  connection.close();
  return (reply.items ?? []).map(({ text }) => text ?? "-").join(" ");
}

test("a log torn at any byte loads up to its last whole unit, continues from there, and loads again", async () => {
  const dir = temporaryFolder("torn");
  const written = await start(dir);
  const writer = await RespConnection.open(written.port, "MyRedis");
  // Each write has a turn of its own, so that each is followed by its checksum.
  await writer.reply("SET", "a", "1");
  await writer.replies([["MULTI"], ["SET", "b", "2"], ["SET", "c", "3"], ["EXEC"]]);
  writer.close();
  await written.close();
  const whole = join(dir, "appendonlydir", fileName);
  const bytes = readFileSync(whole);
  const firstEnd = bytes.indexOf("#CRC32");
  const transactionEnd = bytes.indexOf("EXEC\r\n") + 6;

  const torn = temporaryFolder("torn");
  const folder = join(torn, "appendonlydir");
  for (let length = 0; length <= bytes.length; length++) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    copyFileSync(join(dir, "appendonlydir", manifestName), join(folder, manifestName));
    copyFileSync(whole, join(folder, fileName));
    truncateSync(join(folder, fileName), length);
    const expected = length >= transactionEnd ? "1 2 3" : length >= firstEnd ? "1 - -" : "- - -";
    const first = await start(torn);
    expect(`${length}: ${await values(first)}`).toBe(`${length}: ${expected} -`);
    const connection = await RespConnection.open(first.port, "MyRedis");
    await connection.reply("SET", "after", "4");
    connection.close();
    await first.close();
    const second = await start(torn);
    expect(`${length}: ${await values(second)}`).toBe(`${length}: ${expected} 4`);
    await second.close();
  }
}, 60_000);
