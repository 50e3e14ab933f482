import { describe, expect, test } from "bun:test";
import { Connection } from "rabbitmq-client";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { mysqlLedger } from "../../src/ledger/mysql-ledger.ts";
import { createGate } from "../../src/gate/redis-gate.ts";
import { testProduct, testSecret } from "../fakes/test-gateway.ts";
import { programServices, startProgramServices } from "../roles/program-services.ts";
import { configFolder, runProgram, startProgram } from "../roles/program.ts";
import { buyOne, openSale, toldTo, untilTold, verifiedAtRest } from "./sale-on-services.ts";

const { missing, reason } = programServices;
const timeoutMs = 120_000;
const internalSecret = "internal-0123456789-abcdefghijklmnopqrstuvwxyz";

describe.skipIf(missing)(`fault 13: a poison message${reason}`, () => {
  test(
    "becomes a dead letter that operators see, its buyer is told, and its unit is sold to another",
    async () => {
      const services = await startProgramServices();
      const backend = { api_secret: testSecret, internal_secret: internalSecret };
      const { configFile } = configFolder({ backend, ...services.config });
      await openSale(services.mysql, 1);
      const gateway = await startProgram(configFile, { role: "gateway" });
      const purchase = await buyOne(gateway, "Ada");
      expect(purchase.status).toBe(202);
      const { rabbitmq, redis } = services.config as {
        rabbitmq: { url: string; queue_name: string };
        redis: { url: string };
      };

      // The message reaches the queue spoilt: what the relay would have published, with a time that is no number.
      const gate = createGate({ connection: { url: redis.url }, timeoutMs: 5_000 });
      const [entry] = await gate.readOutbox(testProduct, "spoiler", 1);
      const spoilt = { version: 1, ...entry!.reservation, acceptedAtMs: "soon" };
      const consumer = await startProgram(configFile, { role: "consumer" });
      const connection = new Connection(rabbitmq.url);
      const publisher = connection.createPublisher({ confirm: true });
      const routingKey = `${rabbitmq.queue_name}.v2`;
      await publisher.send({ routingKey, durable: true }, Buffer.from(JSON.stringify(spoilt)));
      await publisher.close();
      await connection.close();
      await gate.acknowledgeOutbox(testProduct, [entry!.entryId]);
      await gate.close();

      const [relay, sweeper] = await Promise.all(
        ["relay", "sweeper"].map((role) => startProgram(configFile, { role })),
      );
      await untilTold(purchase, "rejected");
      const purchases = [purchase];
      const isBack = async (): Promise<boolean> => {
        purchases.push(await buyOne(gateway, `B${purchases.length}`));
        return purchases.at(-1)!.status === 202;
      };
      await waitUntil(isBack, { what: "the unit to be sold again", timeoutMs: 20_000, intervalMs: 500 });

      const deadLetters = (...args: string[]) => runProgram(["dead-letters", ...args, "--config", configFile]);
      const listed = JSON.parse((await deadLetters("list", "--json")).stdout) as Record<string, unknown>[];
      expect(listed).toMatchObject([{ reason: "unreadable", reservationId: purchase.id, state: "waiting" }]);
      const id = String(listed[0]!["id"]);
      expect((await deadLetters("show", id)).stdout).toContain('"acceptedAtMs":"soon"');
      const replayed = await deadLetters("replay", id);
      expect(replayed.code).toBe(1);
      expect(replayed.stdout).toContain("it stays a dead letter: this version of the program cannot read the message");

      // The same over HTTP, on the listener of any role.
      const url = `${consumer.operationsUrl}/dead-letters`;
      expect((await fetch(url)).status).toBe(401);
      const headers = { authorization: `Bearer ${internalSecret}` };
      expect(await (await fetch(url, { headers })).json()).toMatchObject({ deadLetters: [{ id, state: "waiting" }] });
      const body = JSON.stringify({ by: "ada" });
      const discarded = await fetch(`${url}/${id}/discard`, { method: "POST", headers, body });
      expect(await discarded.json()).toEqual({
        result: "done",
        message: "nothing to do: it was rejected before (malformed)",
      });
      expect((await deadLetters("discard", id)).stdout).toContain("it was discarded by ada at ");
      const ledger = mysqlLedger(services.mysql);
      expect(await ledger.sales.readTotals(testProduct.id)).toMatchObject({ total: 1 });
      await ledger.close();
      await verifiedAtRest(configFile, await toldTo(gateway, purchases));
      await Promise.all([gateway, consumer, relay!, sweeper!].map(({ process }) => process.stop()));
      await services.stop();
    },
    timeoutMs,
  );
});
