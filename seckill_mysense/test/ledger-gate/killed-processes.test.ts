import { describe, expect, test } from "bun:test";
import { propertySeed } from "../../../tools/property-seed.ts";
import { SeededRandom } from "../../../tools/seeded-random.ts";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { mysqlLedger } from "../../src/ledger/mysql-ledger.ts";
import { openSale, verifiedAtRest } from "../faults/sale-on-services.ts";
import { testProduct, testSecret } from "../fakes/test-gateway.ts";
import { programServices, startProgramServices } from "../roles/program-services.ts";
import { configFolder, type RunningProgram, startProgram } from "../roles/program.ts";
import { type Buyer, gatherBuyers, runCrowd, whatTheyWereTold } from "../simulation/crowd.ts";

const { missing, reason } = programServices;
const timeoutMs = 150_000;
const noLimit = { rate_per_second: 0, burst: 1 };
const total = 40;
const kills = 5;
const names = ["gateway 1", "gateway 2", "sweeper 1", "sweeper 2"] as const;
type Name = (typeof names)[number];

describe.skipIf(missing)(`a sale in which the ledger decides, whose processes are killed${reason}`, () => {
  test(
    "sells each unit once, also those that come back, and every buyer is told the truth",
    async () => {
      const random = new SeededRandom(propertySeed());
      const services = await startProgramServices();
      const { configFile } = configFolder({
        gate: { mode: "ledger" },
        mysql: services.config.mysql,
        backend: { api_secret: testSecret },
        sale: { demo: false, pay_within_seconds: 3_600 },
        limits: { check_per_user: noLimit, check_per_address: noLimit, api_per_user: noLimit },
      });
      await openSale(services.mysql, total);
      const ledger = mysqlLedger(services.mysql);
      const running = new Map<Name, RunningProgram>();
      const start = async (name: Name): Promise<void> => {
        running.set(name, await startProgram(configFile, { role: name.split(" ")[0]! }));
      };
      await Promise.all(names.map(start));
      let turn = 0;
      // The other one while one of them is away.
      const url = (): string => running.get(turn++ % 2 === 0 ? "gateway 1" : "gateway 2")!.url;

      const { saleId, id: productId } = testProduct;
      const times = { startsAtMs: Date.now() - 60_000, endsAtMs: Date.now() + 3_600_000 };
      const gather = (prefix: string, count: number): Buyer[] =>
        gatherBuyers({ secret: testSecret, saleId, productId, ...times, prefix }, count);
      const buy = async (buyers: Buyer[], onAnswer?: (count: number) => void) => {
        const asked = { url, productId, buyers };
        const load = { requests: buyers.length * 3, concurrency: 12, seed: random.below(1_000_000) };
        const result = await runCrowd({ ...asked, ...load, ...(onAnswer && { onAnswer }) });
        expect(result.contradictions).toEqual([]);
        return { asked, held: result.held };
      };
      let killing = Promise.resolve();
      const killOne = async (): Promise<void> => {
        const name = random.pick(names);
        await running.get(name)!.process.kill("SIGKILL");
        await start(name);
      };
      const first = await buy(gather("first", 140), (count) => {
        if (count % 60 === 30 && count < 60 * kills) killing = killing.then(killOne);
      });
      await killing;
      expect(first.held.size).toBe(total);

      // Some give their units back, while the sweepers that count them in are killed.
      const back = [...first.held.values()].slice(0, 15);
      const cancelling = Promise.all(back.map((id) => ledger.orders.cancel(id)));
      for (const name of ["sweeper 1", "sweeper 2"] as const) {
        await running.get(name)!.process.kill("SIGKILL");
        await start(name);
      }
      expect((await cancelling).map(({ kind }) => kind)).toEqual(back.map(() => "done"));
      await waitUntil(async () => (await ledger.returns.pending(1)).length === 0, {
        what: "the units to come back",
        timeoutMs: 30_000,
      });
      const late = await buy(gather("late", 40));
      expect(late.held.size).toBe(back.length);

      const told = await Promise.all([first, late].map(({ asked, held }) => whatTheyWereTold(asked, held)));
      const won = told.flat().filter(({ answer }) => answer === "won");
      expect(won).toHaveLength(total);
      const report = await verifiedAtRest(configFile, told.flat());
      expect(report).toContain(`total ${total}, reserved ${total}, sold 0, at the gate 0`);
      await Promise.all([...running.values()].map(({ process }) => process.stop()));
      await ledger.close();
      await services.stop();
    },
    timeoutMs,
  );
});
