import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { gateServerKinds, type GateTestServer } from "../contract/gate/gate-servers.ts";
import { runProgram } from "../roles/program.ts";
import { FaultyShop } from "./faulty-shop.ts";

const timeoutMs = 120_000;

for (const kind of gateServerKinds) {
  describe.skipIf(kind.skipReason !== "")(`a gate that forgets everything, on ${kind.name}${kind.skipReason}`, () => {
    let server: GateTestServer;
    let shop: FaultyShop;

    beforeEach(async () => {
      server = await kind.start();
      const gateUrl = `redis://${server.host}:${server.port}`;
      shop = await FaultyShop.open({ gateUrl, products: { lamp: 6 } });
      await shop.start();
      await shop.untilOpen("lamp");
    }, timeoutMs);
    afterEach(async () => {
      await shop.close();
      await server.stop();
    }, timeoutMs);

    test(
      "in mid-sale is closed at once, rebuilt from the ledger, and sells the rest",
      async () => {
        const first = await shop.buy("lamp", 3);
        await shop.untilTold(first, "won");
        await shop.redis.flushall();
        const rest = await shop.buy("lamp", 5);
        expect(rest.map(({ status }) => status).toSorted()).toEqual([202, 202, 202, 410, 410]);
        const winners = rest.filter(({ status }) => status === 202);
        await shop.untilTold([...first, ...winners], "won");
        expect(await Promise.all(first.map((purchase) => shop.ask(purchase)))).toEqual([200, 200, 200]);
        expect(shop.logged("the gate knows nothing of the product")).toBeGreaterThan(0);
        await shop.verify();
        const metrics = await (await fetch(`${shop.program!.operationsUrl}/metrics`)).text();
        expect(metrics).toContain('seckill_gates_total{event="repaired"} 1');
        expect(metrics).toContain("seckill_closed_products 0");
      },
      timeoutMs,
    );

    test(
      "is not armed again by the next gateway, although nothing of what it accepted has reached the ledger",
      async () => {
        // Without a consumer and a relay, what is accepted stays at the gate.
        await shop.program!.process.stop();
        const early = await shop.start("gateway");
        await shop.untilOpen("lamp");
        const accepted = await shop.buy("lamp", 3);
        expect(accepted.map(({ status }) => status)).toEqual([202, 202, 202]);
        await early.process.kill("SIGKILL");
        await shop.redis.flushall();
        await shop.start();
        const others = await shop.buy("lamp", 7);
        expect(others.map(({ status }) => status).toSorted()).toEqual([202, 202, 202, 202, 202, 202, 410]);
        await shop.untilTold(
          others.filter(({ status }) => status === 202),
          "won",
        );
        await shop.untilTold(accepted, "lost");
        // They may try again with the same token.
        expect(await Promise.all(accepted.map((purchase) => shop.ask(purchase)))).toEqual([410, 410, 410]);
        await shop.verify();
      },
      timeoutMs,
    );

    test(
      "is a failure to the verifier at rest, and `repair` brings it in order",
      async () => {
        await shop.untilTold(await shop.buy("lamp", 2), "won");
        await shop.stop();
        await shop.redis.flushall();
        const verify = ["verify", "--at-rest", "--config", shop.configFile];
        const blind = await runProgram(verify);
        expect([blind.code, blind.stdout]).toEqual([3, expect.stringContaining("the gate knows nothing of lamp")]);
        const json = await runProgram([...verify, "--json"]);
        expect(JSON.parse(json.stdout)).toMatchObject({ outcome: "unchecked", sales: [{ ok: false }] });

        const repair = ["repair", "--config", shop.configFile];
        const dry = await runProgram([...repair, "--dry-run"]);
        expect([dry.code, dry.stdout]).toEqual([
          1,
          "lamp: would be rebuilt: the gate knows nothing of the product\n1 products, 1 of them not in order\n",
        ]);
        expect(await shop.redis.dbsize()).toBe(0);
        const done = await runProgram([...repair, "--json"]);
        expect([done.code, JSON.parse(done.stdout)]).toEqual([
          0,
          {
            done: true,
            products: [
              {
                productId: "lamp",
                outcome: "repaired",
                detail: "rebuilt in epoch 2 with 4 units: the gate knows nothing of the product",
              },
            ],
          },
        ]);
        await shop.verify();
        const again = await runProgram(repair);
        expect([again.code, again.stdout]).toEqual([0, "1 products, 0 of them not in order\n"]);
        const wanted = await runProgram([...repair, "--product", "lamp"]);
        expect([wanted.code, wanted.stdout]).toEqual([0, expect.stringContaining("rebuilt in epoch 3 with 4 units")]);
        await shop.verify();
      },
      timeoutMs,
    );
  });
}

describe("verify and repair end with a code of their own for each kind of trouble", () => {
  test(
    "a mistake of the operator, a finding, and a part that is away",
    async () => {
      const server = await gateServerKinds.at(-1)!.start();
      const shop = await FaultyShop.open({
        gateUrl: `redis://${server.host}:${server.port}`,
        products: { lamp: 6 },
      });
      await shop.start();
      await shop.untilOpen("lamp");
      await shop.untilTold(await shop.buy("lamp", 2), "won");
      await shop.program!.process.stop();
      const run = async (...args: string[]) => (await runProgram([...args, "--config", shop.configFile])).code;
      expect(await run("verify", "--wrong")).toBe(2);
      expect(await run("verify", "--sale", "nothing")).toBe(2);
      expect(await run("repair", "--product", "nothing")).toBe(2);
      expect((await runProgram(["verify", "--config", "/nowhere/config.json"])).code).toBe(2);
      expect(await run("verify")).toBe(0);
      await shop.redis.hset("seckill:{spring:lamp}:stock", "available", "2");
      expect(await run("verify")).toBe(1);
      expect(await run("verify", "--at-rest")).toBe(1);
      await server.crash();
      expect(await run("verify")).toBe(3);
      expect(await run("repair")).toBe(3);
      await shop.close();
      await server.stop();
    },
    timeoutMs,
  );
});
