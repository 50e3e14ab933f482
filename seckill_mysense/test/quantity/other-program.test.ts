import { describe, expect, test } from "bun:test";
import { SQL } from "bun";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, startProcess, type StartedProcess } from "../../../tools/test-services/index.ts";
import { reservationOf, userOf } from "../../src/quantity/program-ids.ts";
import type { ToldAnswer } from "../../src/verify/told-answer.ts";
import { logOf } from "../faults/operations-of.ts";
import { openSale, verifiedAtRest } from "../faults/sale-on-services.ts";
import { testProduct, testSecret } from "../fakes/test-gateway.ts";
import { shopKey } from "../fakes/test-quantity.ts";
import { programServices, startProgramServices } from "../roles/program-services.ts";
import { configFolder, startProgram } from "../roles/program.ts";

const { missing, reason } = programServices;
const timeoutMs = 120_000;
const total = 30;
const orders = 45;

/** The GRANT statements that docs/sale.md gives for the role `quantity`. */
function documentedGrants(database: string): string[] {
  const page = readFileSync(join(import.meta.dir, "../../../docs/sale.md"), "utf8");
  const statements = page.match(/^GRANT .* TO quantity;$/gm) ?? [];
  return statements.map((statement) => statement.replaceAll("seckill.", `${database}.`));
}

/** The other program, up to the first moment at which its output has this text. */
function startOtherProgram(url: string, until: string): Promise<StartedProcess> {
  const program = join(import.meta.dir, "other-program.ts");
  const args = [url, shopKey, testProduct.id, String(orders), "4"];
  return startProcess({
    cmd: [process.execPath, program, ...args],
    readyWhen: new RegExp(until),
    timeoutMs: 60_000,
  });
}

describe.skipIf(missing)(`another program, on MariaDB, RabbitMQ and redis-server${reason}`, () => {
  test(
    "that is killed in the middle of its orders, and whose service is killed too, takes each unit once",
    async () => {
      const services = await startProgramServices();
      const port = await freePort();
      const quantity = { port, record_wait_ms: 2_000, programs: [{ name: "shop", key: shopKey }] };
      const settings = { backend: { api_secret: testSecret }, ...services.config, quantity };
      const { configFile } = configFolder(settings);
      await openSale(services.mysql, total);
      // The service has no more rights than the guide gives it.
      await using admin = new SQL(services.mysql.url, { max: 1 });
      const { database } = services.mysql;
      const user = `quantity_${database.slice(-8)}`;
      await admin.unsafe(`CREATE USER ${user} IDENTIFIED BY 'pass-word'`);
      for (const grant of documentedGrants(database)) await admin.unsafe(grant.replace("TO quantity", `TO ${user}`));
      const mysql = { ...services.config.mysql, user_name: user, pass_word: "pass-word", migrate: false };
      const asQuantity = configFolder({ ...settings, mysql }).configFile;

      const others = await Promise.all(
        ["relay", "consumer", "sweeper"].map((role) => startProgram(configFile, { role })),
      );
      const first = await startProgram(asQuantity, { role: "quantity" });
      const killed = await startOtherProgram(first.url, "confirmed order-3");
      await killed.kill("SIGKILL");
      expect(killed.stdout()).not.toContain("done");
      const again = await startOtherProgram(first.url, "confirmed order-8");
      await first.process.kill("SIGKILL");
      const second = await startProgram(asQuantity, { role: "quantity" });
      expect((await again.exited).code).toBe(0);

      const decided = new Map(
        again
          .stdout()
          .split("\n")
          .filter((line) => /^(confirmed|sold_out) /.test(line))
          .map((line) => line.split(" ").toReversed() as [string, string]),
      );
      expect(decided.size).toBe(orders);
      expect([...decided.values()].filter((status) => status === "confirmed")).toHaveLength(total);
      const told = [...decided].map(([requestId, status]): ToldAnswer => {
        const reservationId = reservationOf("shop", requestId);
        const userId = userOf("shop", undefined, reservationId);
        const answer = status === "confirmed" ? "won" : "lost";
        return { reservationId, productId: testProduct.id, userId, answer };
      });
      const report = await verifiedAtRest(configFile, told);
      expect(report).toContain(`total ${total}, reserved 0, sold ${total}, at the gate 0, in its outbox 0`);
      const rows = (await admin.unsafe("SELECT DISTINCT state FROM orders")) as { state: string }[];
      expect(rows).toEqual([{ state: "paid" }]);
      expect(JSON.stringify([...logOf(first), ...logOf(second)])).not.toContain("denied");
      expect((await fetch(`${second.url}/readyz`)).status).toBe(200);
      await Promise.all([...others, second].map(({ process }) => process.stop()));
      await admin.unsafe(`DROP USER ${user}`);
      await services.stop();
    },
    timeoutMs,
  );
});
