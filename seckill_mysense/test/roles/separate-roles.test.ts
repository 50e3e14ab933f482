import { describe, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { mysqlLedger } from "../../src/ledger/mysql-ledger.ts";
import { buyerWithToken } from "../fakes/test-buyer.ts";
import { testProduct, testSecret } from "../fakes/test-gateway.ts";
import { programServices, startProgramServices } from "./program-services.ts";
import { configFolder, runProgram, startProgram } from "./program.ts";

/** The broker starts slowly. */
const timeoutMs = 90_000;

const { missing, reason } = programServices;

describe.skipIf(missing)(`roles in processes of their own, on MariaDB, RabbitMQ and redis-server${reason}`, () => {
  test(
    "sell each unit once through two gateways, though relay and consumer are killed on the way",
    async () => {
      const services = await startProgramServices();
      const { configFile } = configFolder({ backend: { api_secret: testSecret }, ...services.config });
      const total = 12;
      const ledger = mysqlLedger(services.mysql);
      await ledger.migrate();
      const sale = { id: "spring", title: "Spring", startsAtMs: Date.now(), endsAtMs: Date.now() + 3_600_000 };
      await ledger.sales.create(sale, [{ ...testProduct, total }]);
      await ledger.close();

      const start = (role: string) => startProgram(configFile, { role });
      const [east, west] = await Promise.all([start("gateway"), start("gateway")]);
      const [relay, consumer, sweeper] = await Promise.all([start("relay"), start("consumer"), start("sweeper")]);
      const names = Array.from({ length: 20 }, (_, index) => `Buyer ${index}`);
      const buyers = await Promise.all(
        names.map((name, index) => buyerWithToken((index % 2 === 0 ? east : west).url, name, testProduct.id)),
      );
      const answers = buyers.map(([buyer, token]) => buyer.check(testProduct.id, token));
      await Promise.race(answers);
      await Promise.all([relay.process.kill("SIGKILL"), consumer.process.kill("SIGKILL")]);
      const statuses = (await Promise.all(answers)).map(({ status }) => status);
      expect(statuses.filter((status) => status === 202)).toHaveLength(total);
      expect(statuses.filter((status) => status === 410)).toHaveLength(names.length - total);

      const again = await Promise.all(["relay", "consumer"].map(start));
      for (const [index, answer] of (await Promise.all(answers)).entries()) {
        if (answer.status !== 202) continue;
        const [buyer, bearer] = buyers[index]!;
        const path = `/api/reservations/${answer.body.reservation}`;
        // The new relay waits before it takes over the entries of the killed one.
        await waitUntil(async () => (await buyer.send("GET", path, { bearer })).body.status === "won", {
          what: `${names[index]} to win`,
          timeoutMs: 60_000,
          intervalMs: 100,
        });
      }
      // Entries that the killed relay had not acknowledged are published again, although every buyer has an answer.
      const verify = () => runProgram(["verify", "--at-rest", "--config", configFile]);
      await waitUntil(async () => (await verify()).code === 0, { what: "the sale to be at rest", timeoutMs: 30_000 });
      const stopped = await Promise.all([east, west, sweeper, ...again].map(({ process }) => process.stop()));
      expect(stopped.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
      const report = await verify();
      expect(report.stdout).toContain(`total ${total}, reserved ${total}, sold 0, at the gate 0, in its outbox 0`);
      expect(report.stdout).toContain("sale spring: no invariant is violated");
      await services.stop();
    },
    timeoutMs,
  );
});
