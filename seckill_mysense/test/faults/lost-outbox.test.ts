import { describe, expect, test } from "bun:test";
import { programServices } from "../roles/program-services.ts";
import { runProgram } from "../roles/program.ts";
import { ShopInRoles } from "./shop-in-roles.ts";

describe.skipIf(programServices.missing)(`a gate that loses a part of its data${programServices.reason}`, () => {
  test("a deleted outbox is found: its buyers are told, its units are sold again, and an eviction policy is warned of", async () => {
    await using shop = await ShopInRoles.open({ products: { lamp: 10 } });
    using redis = shop.redis();
    await redis.config("SET", "maxmemory-policy", "volatile-lru");
    const [gateway] = await Promise.all([shop.start("gateway"), shop.start("consumer")]);
    expect(gateway.process.stdout()).toContain("maxmemory-policy is volatile-lru, not noeviction");
    const crowd = await shop.crowd("lamp", shop.buyersOf("lamp", 3, "early"));
    expect(crowd.held.size).toBe(3);
    // No relay runs yet, so all three wait in the outbox.
    expect(await redis.del("seckill:{spring:lamp}:outbox")).toBe(1);
    await shop.start("relay");
    const told = await shop.hear(crowd);
    expect([told, shop.told.map(({ answer }) => answer)]).toEqual([0, ["lost", "lost", "lost"]]);
    expect(await redis.hget("seckill:{spring:lamp}:stock", "available")).toBe("10");
    await shop.untilVerified({ demandLeft: false });
    const verified = await runProgram(["verify", "--at-rest", "--config", shop.configFile]);
    expect([verified.code, verified.stdout]).toEqual([0, expect.stringContaining("I6")]);
  }, 180_000);
});
