import { describe, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { mysqlLedger } from "../../src/ledger/mysql-ledger.ts";
import { partsOf } from "../faults/operations-of.ts";
import { type Asker, openSale, toldTo, verifiedAtRest } from "../faults/sale-on-services.ts";
import { buyerWithToken } from "../fakes/test-buyer.ts";
import { testProduct, testSecret } from "../fakes/test-gateway.ts";
import { programServices, startProgramServices } from "../roles/program-services.ts";
import { configFolder, runProgram, startProgram } from "../roles/program.ts";

const timeoutMs = 120_000;
const { missing, reason } = programServices;
const gate = { mode: "ledger" };
const demo = "aurora-headphones";

describe("a sale in which the ledger decides", () => {
  test(
    "sells with one process and one file: won at once, paid, cancelled, expired, restocked, verified",
    async () => {
      const { configFile } = configFolder({ gate, sale: { pay_within_seconds: 10, demo_units: 2 } });
      const program = await startProgram(configFile);
      const ready = (await (await fetch(`${program.operationsUrl}/readyz`)).json()) as { parts: { name: string }[] };
      expect(ready.parts.map(({ name }) => name).toSorted()).toEqual([
        "catalogue",
        "draws",
        "ledger",
        "payments",
        "rates",
        "revocations",
        "rooms",
        "stock",
        "sweeper",
      ]);
      const purchases: Asker[] = [];
      const buy = async (name: string) => {
        const [buyer, bearer] = await buyerWithToken(program.url, name, demo);
        const { status, body } = await buyer.check(demo, bearer);
        purchases.push({ bearer, status, id: body.reservation });
        const read = async () =>
          (await buyer.send("GET", `/api/reservations/${body.reservation}?productID=${demo}`, { bearer })).body.status;
        return { buyer, bearer, status, id: body.reservation as string, read };
      };
      const [ada, bob] = [await buy("Ada"), await buy("Bob")];
      expect([ada.status, await ada.read(), bob.status, await bob.read()]).toEqual([202, "won", 202, "won"]);
      expect((await ada.buyer.check(demo, ada.bearer)).status).toBe(200);
      expect((await buy("Eve")).status).toBe(410);
      expect((await ada.buyer.send("POST", `/api/orders/${ada.id}/pay`)).body.status).toBe("paid");
      // The unit of the order that expires is sold again.
      await waitUntil(async () => (await bob.read()) === "expired", { what: "the order to expire", timeoutMs: 30_000 });
      await waitUntil(async () => (await buy(`Cid ${Math.random()}`)).status === 202, {
        what: "the unit to be sold again",
        timeoutMs: 30_000,
        intervalMs: 200,
      });
      const restock = await runProgram([
        "sale",
        "restock",
        "demo",
        "--product",
        demo,
        "--units",
        "3",
        "--config",
        configFile,
      ]);
      expect(restock.code).toBe(0);
      const [dan, tooMany] = [await buy("Dan"), ["sale", "restock", "demo", "--product", demo, "--units", "-5"]];
      expect(dan.status).toBe(202);
      const refused = await runProgram([...tooMany, "--config", configFile]);
      expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("units is 0, but")]);
      expect(await runProgram(["repair", "--config", configFile])).toMatchObject({
        code: 2,
        stderr: 'gate.mode is "ledger": there is no gate to rebuild\n',
      });
      expect((await runProgram(["verify", "--config", configFile])).code).toBe(0);
      const told = await toldTo(program, purchases);
      await program.process.kill("SIGKILL");
      expect(await verifiedAtRest(configFile, told)).toContain("no invariant is violated");
    },
    timeoutMs,
  );

  test(
    "does not start with servers that nothing would use, nor roles that carry reservations",
    async () => {
      const both = configFolder({ gate, redis: { url: "redis://127.0.0.1:1" }, backend: { api_secret: testSecret } });
      const ended = await runProgram(["--config", both.configFile]);
      expect([ended.code, ended.stderr]).toEqual([
        2,
        expect.stringContaining('redis.url is set, but gate.mode is "ledger": the ledger decides'),
      ]);
      for (const role of ["relay", "consumer"]) {
        const refused = await runProgram([role, "--config", configFolder({ gate }).configFile]);
        expect([refused.code, refused.stderr]).toEqual([
          1,
          `gate.mode is "ledger": the ledger decides, and the role ${role} would have nothing to do\n`,
        ]);
      }
    },
    timeoutMs,
  );

  test.skipIf(missing)(
    `sells each unit once through two gateways on MariaDB, one of them killed on the way${reason}`,
    async () => {
      const services = await startProgramServices();
      const { mysql } = services.config;
      const { configFile } = configFolder({ gate, mysql, backend: { api_secret: testSecret } });
      const total = 20;
      await openSale(services.mysql, total);
      const start = (role: string) => startProgram(configFile, { role });
      const [east, west, sweeper] = await Promise.all([start("gateway"), start("gateway"), start("sweeper")]);
      expect(Object.keys(await partsOf(east)).toSorted()).toEqual([
        "catalogue",
        "ledger",
        "payments",
        "revocations",
        "rooms",
        "stock",
        "sweeper",
      ]);
      const buyers = await Promise.all(
        Array.from({ length: 40 }, (_none, index) =>
          buyerWithToken((index % 2 === 0 ? east : west).url, `Buyer ${index}`, testProduct.id),
        ),
      );
      const first = buyers.map(([buyer, token]) => buyer.check(testProduct.id, token).catch(() => undefined));
      await Promise.race(first);
      await east.process.kill("SIGKILL");
      await Promise.all(first);
      // Whoever got no answer asks the other gateway, with the same token.
      const last = await Promise.all(
        buyers.map(async ([, token]) => {
          const headers = { authorization: `Bearer ${token}` };
          const answer = await fetch(`${west.url}/check?productID=${testProduct.id}`, { method: "POST", headers });
          const { reservation } = (await answer.json()) as { reservation: string };
          return { bearer: token, status: answer.status, id: reservation };
        }),
      );
      expect(last.filter(({ status }) => status === 200 || status === 202)).toHaveLength(total);
      expect(last.filter(({ status }) => status === 410)).toHaveLength(buyers.length - total);
      const ledger = mysqlLedger(services.mysql);
      expect(await ledger.sales.readTotals(testProduct.id)).toEqual({ total, reserved: total, sold: 0 });
      await ledger.close();
      const told = await toldTo(west, last);
      expect(await verifiedAtRest(configFile, told)).toContain(
        `total ${total}, reserved ${total}, sold 0, at the gate 0`,
      );
      await Promise.all([west, sweeper].map(({ process }) => process.stop()));
      await services.stop();
    },
    timeoutMs,
  );
});
