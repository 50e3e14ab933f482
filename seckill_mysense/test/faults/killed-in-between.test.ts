import { describe, expect, test } from "bun:test";
import { SQL } from "bun";
import { freshMysqlDatabase, startRedisServer, waitUntil } from "../../../tools/test-services/index.ts";
import { testProduct, testSecret } from "../fakes/test-gateway.ts";
import { programServices, startProgramServices } from "../roles/program-services.ts";
import { configFolder, startProgram } from "../roles/program.ts";
import { figureOf } from "./operations-of.ts";
import { buyOne, openSale, type Purchase, toldTo, untilTold, verifiedAtRest } from "./sale-on-services.ts";
import { FaultyProxy } from "../fakes/faulty-proxy.ts";

const { missing, reason } = programServices;
const timeoutMs = 120_000;
const backend = { api_secret: testSecret };

describe.skipIf(missing)(`processes that are killed at the worst moment${reason}`, () => {
  test(
    "fault 11: a consumer killed between commit and acknowledgement leaves one order, and its message is a duplicate",
    async () => {
      const services = await startProgramServices();
      const { rabbitmq } = services.config as { rabbitmq: { url: string } };
      const url = new URL(rabbitmq.url);
      const proxy = await FaultyProxy.before({ host: url.hostname, port: Number(url.port) });
      const { configFile } = configFolder({ backend, ...services.config });
      url.port = String(proxy.port);
      const behindProxy = { backend, ...services.config, rabbitmq: { ...rabbitmq, url: url.href } };
      await openSale(services.mysql, 2);
      const [gateway, relay] = await Promise.all(
        ["gateway", "relay"].map((role) => startProgram(configFile, { role })),
      );
      const consumer = await startProgram(configFolder(behindProxy).configFile, { role: "consumer" });
      const first = await buyOne(gateway!, "Ada");
      await untilTold(first, "won");
      proxy.swallow();
      const second = await buyOne(gateway!, "Bob");
      // Won is said after the commit; the acknowledgement never arrives.
      await untilTold(second, "won");
      await consumer.process.kill("SIGKILL");
      await proxy.stop();
      const next = await startProgram(configFile, { role: "consumer" });
      const report = await verifiedAtRest(configFile, await toldTo(gateway!, [first, second]));
      expect(report).toContain("total 2, reserved 2, sold 0, at the gate 0, in its outbox 0");
      expect(await figureOf(next, "seckill_consumer_recorded")).toBe(0);
      await Promise.all([gateway!, relay!, next].map(({ process }) => process.stop()));
      await services.stop();
    },
    timeoutMs,
  );

  test(
    "fault 12: a consumer killed between the insert and the update leaves nothing, and the next one records the order",
    async () => {
      const services = await startProgramServices();
      const mysql = await freshMysqlDatabase({ dedicated: true });
      const { host, port, user, password, database } = mysql;
      const place = { host, port, user_name: user, pass_word: password, db_name: database };
      const { configFile } = configFolder({ backend, ...services.config, mysql: place });
      await openSale(mysql, 1);
      await using admin = new SQL(mysql.url, { max: 1 });
      // The update that counts the unit takes its time, so the moment before it can be met.
      await admin.unsafe(
        "CREATE TRIGGER slow BEFORE UPDATE ON products FOR EACH ROW SET @slept = IF(NEW.reserved > OLD.reserved, SLEEP(8), 0)",
      );
      const [gateway, relay, consumer] = await Promise.all(
        ["gateway", "relay", "consumer"].map((role) => startProgram(configFile, { role })),
      );
      const purchase = await buyOne(gateway!, "Ada");
      const isInBetween = async (): Promise<boolean> => {
        const rows = (await admin.unsafe(
          "SELECT id FROM information_schema.processlist WHERE state = 'User sleep'",
        )) as unknown[];
        return rows.length > 0;
      };
      await waitUntil(isInBetween, { what: "the update to be under way", timeoutMs: 20_000, intervalMs: 20 });
      await consumer!.process.kill("SIGKILL");
      const rows = (await admin.unsafe("SELECT count(*) AS count FROM orders")) as { count: number }[];
      expect(rows[0]!.count).toBe(0);
      // Waits until the server has rolled the dead consumer's transaction back.
      await admin.unsafe("DROP TRIGGER slow");
      const next = await startProgram(configFile, { role: "consumer" });
      await untilTold(purchase, "won");
      const report = await verifiedAtRest(configFile, await toldTo(gateway!, [purchase]));
      expect(report).toContain("total 1, reserved 1, sold 0, at the gate 0, in its outbox 0");
      await Promise.all([gateway!, relay!, next].map(({ process }) => process.stop()));
      await Promise.all([services.stop(), mysql.drop()]);
    },
    timeoutMs,
  );

  test(
    "fault 17: a sweeper killed after EXPIRED was committed and before the return leaves a unit that the next one returns",
    async () => {
      const services = await startProgramServices();
      const redis = await startRedisServer({ args: ["--appendonly", "yes", "--appendfsync", "always"] });
      const config = { backend, ...services.config, redis: { url: redis.url } };
      const { configFile } = configFolder({ ...config, sale: { pay_within_seconds: 2 } });
      await openSale(services.mysql, 1);
      const [gateway, relay, consumer] = await Promise.all(
        ["gateway", "relay", "consumer"].map((role) => startProgram(configFile, { role })),
      );
      const proxy = await FaultyProxy.before({ host: redis.host, port: redis.port });
      const behindProxy = { ...config, redis: { url: `redis://127.0.0.1:${proxy.port}` } };
      const sweeper = await startProgram(configFolder(behindProxy).configFile, { role: "sweeper" });
      const purchase = await buyOne(gateway!, "Ada");
      await untilTold(purchase, "won");
      // The gate does not hear the sweeper, which commits the expiry and then waits with the return.
      proxy.swallow();
      await using admin = new SQL(services.mysql.url, { max: 1 });
      const isExpired = async (): Promise<boolean> => {
        const rows = (await admin.unsafe(
          "SELECT 1 FROM stock_returns r JOIN orders o USING (reservation_id) WHERE o.state = 'expired' AND r.applied_at_ms IS NULL",
        )) as unknown[];
        return rows.length === 1;
      };
      await waitUntil(isExpired, { what: "the expiry to be committed", timeoutMs: 20_000 });
      await sweeper.process.kill("SIGKILL");
      await proxy.stop();
      const purchases: Purchase[] = [purchase];
      const sold = async (): Promise<boolean> => {
        purchases.push(await buyOne(gateway!, `B${purchases.length}`));
        return purchases.at(-1)!.status === 202;
      };
      expect(await sold()).toBe(false);
      const next = await startProgram(configFile, { role: "sweeper" });
      await waitUntil(sold, {
        what: `the unit of ${testProduct.id} to be sold again`,
        timeoutMs: 30_000,
        intervalMs: 500,
      });
      await verifiedAtRest(configFile, await toldTo(gateway!, purchases));
      await Promise.all([gateway!, relay!, consumer!, next].map(({ process }) => process.stop()));
      await Promise.all([services.stop(), redis.stop()]);
    },
    timeoutMs,
  );
});
