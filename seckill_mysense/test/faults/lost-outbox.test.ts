import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Redis } from "ioredis";
import { waitUntil } from "../../../tools/test-services/index.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { mysqlLedger } from "../../src/ledger/mysql-ledger.ts";
import { testProduct, testSecret } from "../fakes/test-gateway.ts";
import { programServices, startProgramServices, type ProgramServices } from "../roles/program-services.ts";
import { configFolder, runProgram, startProgram } from "../roles/program.ts";
import { gatherBuyers } from "../simulation/crowd.ts";

describe.skipIf(programServices.missing)(`a gate that loses a part of its data${programServices.reason}`, () => {
  let services: ProgramServices;
  let ledger: Ledger;
  const stops: (() => unknown)[] = [];

  beforeAll(async () => {
    services = await startProgramServices();
    ledger = mysqlLedger(services.mysql);
    await ledger.migrate();
  }, 60_000);
  afterAll(async () => {
    for (const stop of stops.toReversed()) await stop();
    await ledger?.close();
    await services?.stop();
  }, 60_000);

  test("a deleted outbox is found: its buyers are told, its units are sold again, and an eviction policy is warned of", async () => {
    const redis = new Redis((services.config.redis as { url: string }).url);
    stops.push(() => redis.disconnect());
    await redis.config("SET", "maxmemory-policy", "volatile-lru");
    const sale = { id: "spring", title: "Spring", startsAtMs: Date.now() - 1_000, endsAtMs: Date.now() + 3_600_000 };
    await ledger.sales.create(sale, [{ ...testProduct, id: "lamp", total: 10 }]);
    const { configFile } = configFolder({ backend: { api_secret: testSecret }, ...services.config });
    const start = async (role: "gateway" | "relay" | "consumer") => {
      const program = await startProgram(configFile, { role });
      stops.push(() => program.process.stop());
      return program;
    };
    const [gateway] = await Promise.all([start("gateway"), start("consumer")]);
    expect(gateway.process.stdout()).toContain("maxmemory-policy is volatile-lru, not noeviction");
    const buyers = gatherBuyers({ secret: testSecret, saleId: sale.id, productId: "lamp", ...sale }, 3);
    const headersOf = ({ token }: (typeof buyers)[number]) => ({ authorization: `Bearer ${token}` });
    const bought: string[] = [];
    for (const buyer of buyers) {
      const buy = async () => {
        const init = { method: "POST", headers: headersOf(buyer) };
        const response = await fetch(`${gateway.url}/check?productID=lamp`, init);
        if (response.status === 202) bought.push(((await response.json()) as { reservation: string }).reservation);
        return response.status === 202;
      };
      await waitUntil(buy, { what: "a buyer to get a lamp", timeoutMs: 30_000 });
    }
    // No relay runs yet, so all three wait in the outbox.
    expect(await redis.del("seckill:{spring:lamp}:outbox")).toBe(1);
    await start("relay");
    const stateOf = async (index: number): Promise<string> => {
      const url = `${gateway.url}/api/reservations/${bought[index]}`;
      const answer = (await (await fetch(url, { headers: headersOf(buyers[index]!) })).json()) as { status: string };
      return answer.status;
    };
    const isLost = async () => (await stateOf(0)) === "lost";
    await waitUntil(isLost, { what: "the first buyer to be told", timeoutMs: 60_000, intervalMs: 200 });
    expect([await stateOf(1), await stateOf(2)]).toEqual(["lost", "lost"]);
    expect(await redis.hget("seckill:{spring:lamp}:stock", "available")).toBe("10");
    const verified = await runProgram(["verify", "--at-rest", "--config", configFile]);
    expect([verified.code, verified.stdout]).toEqual([0, expect.stringContaining("I6")]);
  }, 180_000);
});
