import { describe, expect, test } from "bun:test";
import { SQL } from "bun";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { testSecret } from "../fakes/test-gateway.ts";
import { programServices, startProgramServices } from "../roles/program-services.ts";
import { configFolder, startProgram } from "../roles/program.ts";
import { figureOf, outageLines } from "./operations-of.ts";
import { buyOne, openSale, toldTo, untilTold, verifiedAtRest } from "./sale-on-services.ts";

const { missing, reason } = programServices;
/** More than the 20 deliveries after which an earlier version gave a message up. */
const stops = 23;
/** Each stop needs a process of its own. */
const timeoutMs = 240_000;

describe.skipIf(missing)(`fault 28: consumers that are stopped while the ledger takes no orders${reason}`, () => {
  test(
    "lose no reservation, however often they are stopped in good order",
    async () => {
      const services = await startProgramServices();
      const { configFile } = configFolder({ backend: { api_secret: testSecret }, ...services.config });
      await openSale(services.mysql, 3);
      const start = (role: string) => startProgram(configFile, { role });
      const [gateway, relay] = await Promise.all([start("gateway"), start("relay")]);
      const purchases = await Promise.all(["Ada", "Bob", "Cyd"].map((name) => buyOne(gateway, name)));
      expect(purchases.map(({ status }) => status)).toEqual([202, 202, 202]);

      await using database = new SQL(services.mysql.url, { max: 1 });
      await database.unsafe("RENAME TABLE orders TO orders_away");
      for (let stop = 0; stop < stops; stop++) {
        const consumer = await start("consumer");
        const hasTried = (): boolean => outageLines(consumer, "consumer").length > 0;
        await waitUntil(hasTried, { what: "a batch in its hands", timeoutMs: 20_000 });
        expect(await figureOf(consumer, "seckill_queue_in_hand")).toBe(3);
        await consumer.process.stop();
        // One line for the outage, though it tried the batch again and again.
        expect(outageLines(consumer, "consumer")).toMatchObject([{ message: "a part is down", level: "warn" }]);
      }
      await database.unsafe("RENAME TABLE orders_away TO orders");

      const consumer = await start("consumer");
      for (const purchase of purchases) await untilTold(purchase, "won");
      const report = await verifiedAtRest(configFile, await toldTo(gateway, purchases));
      expect(report).toContain("total 3, reserved 3, sold 0, at the gate 0, in its outbox 0");
      await Promise.all([gateway, relay, consumer].map(({ process }) => process.stop()));
      await services.stop();
    },
    timeoutMs,
  );
});
