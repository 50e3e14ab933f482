import { describe, expect, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { limitClients } from "../../src/network/open-files-limit.ts";
import { Settings } from "../../src/settings/settings.ts";
import { startPair } from "../differential/harness/start-pair.ts";

const redis = requireService("redis");

describe("maxclients and the system's limit on open files", () => {
  test("is reduced at the start, with a warning that names both", () => {
    const settings = new Settings({ maxclients: 10_000 });
    const warnings: string[] = [];
    limitClients(settings, (text) => warnings.push(text), 468);
    expect(settings.values.maxclients).toBe(468);
    expect(warnings).toEqual([
      "maxclients is reduced from 10000 to 468: this process may open 500 files ('ulimit -n'), and 32 of them are not for clients",
    ]);
  });

  test("stays as it is where the limit allows it", () => {
    const settings = new Settings({ maxclients: 400 });
    limitClients(
      settings,
      () => {
        throw new Error("no warning is needed");
      },
      468,
    );
    expect(settings.values.maxclients).toBe(400);
  });

  test.skipIf(redis.missing)(`CONFIG SET refuses more, as redis-server does${redis.reason}`, async () => {
    const pair = await startPair();
    try {
      // Not many times more: redis-server looks for the limit downwards, 16 files at a time, and answers nobody meanwhile.
      const tooMany = ["CONFIG", "SET", "maxclients", "2000000"];
      const replies = [pair.control.MyRedis, pair.control["redis-server"]].map((side) => side.reply(...tooMany));
      const [mine, theirs] = await Promise.all(replies);
      expect(mine?.text).toContain("The operating system is not able to handle the specified number of clients");
      expect(mine).toEqual(theirs);
      expect((await pair.control.MyRedis.reply("CONFIG", "GET", "maxclients")).items?.[1]?.text).toBe("10000");
    } finally {
      await pair.close();
    }
  });
});
