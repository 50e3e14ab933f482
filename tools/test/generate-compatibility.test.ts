import { describe, expect, test } from "bun:test";
import { allCommands } from "../../my_redis/src/commands/index.ts";
import { RespConnection } from "../../my_redis/test/differential/harness/resp-connection.ts";
import type { Reply } from "../../my_redis/test/differential/harness/reply.ts";
import { compatibilityFile, withTables } from "../generate-compatibility.ts";
import { redisCommands } from "../redis-commands.ts";
import { requireService, startRedisServer } from "../test-services/index.ts";

const page = await Bun.file(compatibilityFile).text();

test("docs/compatibility.md lists the commands that there are; `bun tools/generate-compatibility.ts` makes it so", () => {
  expect(page).toBe(withTables(page, allCommands));
});

test("a table that says nothing of a command is found out", () => {
  expect(withTables(page, allCommands.slice(1))).not.toBe(page);
});

test("a page without markers is refused", () => {
  expect(() => withTables("# A page", allCommands)).toThrow("has no <!-- overview -->");
});

/** Commands that Redis 7.2 has and 7.0 has not. */
const newerThanOurOracle = ["CLIENT NO-TOUCH", "CLIENT SETINFO", "CLUSTER MYSHARDID", "WAITAOF"];

const redis = requireService("redis");
describe.skipIf(redis.missing)(`the list of Redis's commands${redis.reason}`, () => {
  test("is that of redis-server", async () => {
    const server = await startRedisServer();
    const connection = await RespConnection.open(server.port, "redis-server");
    const names = namesIn(await connection.reply("COMMAND", "LIST"));
    connection.close();
    await server.stop();
    const listed = Object.values(redisCommands).flat();
    expect(listed.toSorted()).toEqual([...names, ...newerThanOurOracle].toSorted());
  });
});

function namesIn({ items }: Reply): string[] {
  const names = (items ?? []).map(({ text }) => (text ?? "").toUpperCase().replace("|", " "));
  return names.filter((name) => !name.endsWith(" HELP"));
}
