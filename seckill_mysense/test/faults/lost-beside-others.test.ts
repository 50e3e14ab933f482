import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Redis } from "ioredis";
import { waitUntil } from "../../../tools/test-services/index.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { mysqlLedger } from "../../src/ledger/mysql-ledger.ts";
import { renderReport } from "../../src/verify/verification-report.ts";
import { verifySale } from "../../src/verify/verify-sale.ts";
import { testProduct, testSecret } from "../fakes/test-gateway.ts";
import { programServices, startProgramServices, type ProgramServices } from "../roles/program-services.ts";
import { configFolder, startProgram } from "../roles/program.ts";
import { gatherBuyers } from "../simulation/crowd.ts";

describe.skipIf(programServices.missing)(`a lost product beside one that sells${programServices.reason}`, () => {
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

  test("it is rebuilt while the other one goes on selling, also after a consumer was killed with messages in its hands", async () => {
    const sale = { id: "spring", title: "Spring", startsAtMs: Date.now() - 1_000, endsAtMs: Date.now() + 3_600_000 };
    const radio = { ...testProduct, id: "radio", total: 1_000_000 };
    await ledger.sales.create(sale, [{ ...testProduct, id: "lamp", total: 1_000 }, radio]);
    const noLimit = { rate_per_second: 0, burst: 1 };
    const limits = { check_per_user: noLimit, check_per_address: noLimit };
    const { configFile } = configFolder({ backend: { api_secret: testSecret }, limits, ...services.config });
    const start = async (role: "gateway" | "relay" | "consumer") => {
      const program = await startProgram(configFile, { role });
      stops.push(() => program.process.stop());
      return program;
    };
    const [gateway, , dying] = await Promise.all([
      start("gateway"),
      start("relay"),
      start("consumer"),
      start("consumer"),
    ]);
    const buyers = (productId: string, count: number) =>
      gatherBuyers({ secret: testSecret, saleId: sale.id, productId, ...sale }, count).values();
    const queues = { lamp: buyers("lamp", 2_000), radio: buyers("radio", 60_000) };
    const buy = async (productId: keyof typeof queues): Promise<boolean> => {
      const headers = { authorization: `Bearer ${queues[productId].next().value!.token}` };
      return (await fetch(`${gateway.url}/check?productID=${productId}`, { method: "POST", headers })).status === 202;
    };
    await waitUntil(() => buy("lamp"), { what: "the lamp to sell", timeoutMs: 30_000 });

    let stopped = false;
    let sold = 0;
    const selling = Array.from({ length: 8 }, async () => {
      while (!stopped) {
        if (await buy("radio")) sold++;
        await Bun.sleep(20);
      }
    });
    stops.push(async () => {
      stopped = true;
      await Promise.allSettled(selling);
    });
    await waitUntil(() => sold > 500, { what: "the radio to sell", timeoutMs: 30_000 });
    await dying.process.kill("SIGKILL");
    const redis = new Redis((services.config.redis as { url: string }).url);
    stops.push(() => redis.disconnect());
    await redis.del(...(await redis.keys("seckill:{spring:lamp}:*")));
    const before = sold;
    await waitUntil(() => buy("lamp"), { what: "the lamp to sell again", timeoutMs: 40_000, intervalMs: 250 });
    expect(sold).toBeGreaterThan(before);
    stopped = true;
    await Promise.all(selling);
    expect((await ledger.sales.readProduct("lamp"))?.product.epoch).toBe(2);
    const isRecorded = async () => (await ledger.sales.readTotals("radio"))!.reserved === sold;
    await waitUntil(isRecorded, { what: "every radio to be recorded", timeoutMs: 60_000, intervalMs: 250 });
    const report = await verifySale({ saleId: sale.id, ledger });
    if (!report.ok) throw new Error(renderReport(report));
  }, 240_000);
});
