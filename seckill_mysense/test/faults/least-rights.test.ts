import { describe, expect, test } from "bun:test";
import { SQL } from "bun";
import { Redis } from "ioredis";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { freshMysqlDatabase, temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { TestBuyer } from "../fakes/test-buyer.ts";
import { testProduct, testSecret } from "../fakes/test-gateway.ts";
import { programServices, startProgramServices } from "../roles/program-services.ts";
import { configFolder, runProgram, startProgram } from "../roles/program.ts";
import { documentedGrants } from "./documented-grants.ts";
import { logOf } from "./operations-of.ts";
import { buyOne, openSale, toldTo, untilTold, verifiedAtRest } from "./sale-on-services.ts";

const { missing, reason } = programServices;
const timeoutMs = 120_000;
const password = "pass-word-of-a-role";
const roles = ["gateway", "relay", "consumer", "sweeper"] as const;

/** An authority, and a certificate of it for 127.0.0.1 and localhost. */
function certificates(): { readonly ca: string; readonly cert: string; readonly key: string } {
  const folder = temporaryFolder("certificates");
  const file = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): void => {
    const { status, stderr } = spawnSync("openssl", args, { cwd: folder, encoding: "utf8" });
    if (status !== 0) throw new Error(`openssl ${args.join(" ")} failed: ${stderr}`);
  };
  const [ca, caKey, cert, key, request] = ["ca.pem", "ca.key", "cert.pem", "cert.key", "request.pem"].map(file) as [
    string,
    string,
    string,
    string,
    string,
  ];
  const newKey = ["-newkey", "rsa:2048", "-nodes"];
  openssl("req", "-x509", ...newKey, "-keyout", caKey, "-out", ca, "-days", "2", "-subj", "/CN=Test authority");
  openssl("req", ...newKey, "-keyout", key, "-out", request, "-subj", "/CN=localhost");
  const extensions = file("extensions");
  Bun.spawnSync(["sh", "-c", `printf 'subjectAltName=DNS:localhost,IP:127.0.0.1' > ${extensions}`]);
  const sign = ["-CA", ca, "-CAkey", caKey, "-CAcreateserial", "-days", "2", "-extfile", extensions];
  openssl("x509", "-req", "-in", request, "-out", cert, ...sign);
  return { ca, cert, key };
}

describe.skipIf(missing)(`roles with the rights of docs/sale.md, over TLS${reason}`, () => {
  test(
    "sell, expire, rebuild a lost gate, release a cancelled sale and are watched, and do not start before the tables are there",
    async () => {
      const { ca, cert, key } = certificates();
      const services = await startProgramServices();
      const files = [`--ssl-ca=${ca}`, `--ssl-cert=${cert}`, `--ssl-key=${key}`];
      const mysql = await freshMysqlDatabase({
        dedicated: true,
        args: [...files, "--innodb-flush-log-at-trx-commit=2"],
      });
      const { host, port, database } = mysql;
      await using admin = new SQL(mysql.url, { max: 1 });
      const place = (user_name: string, pass_word: string, more: object = {}) => ({
        backend: { api_secret: testSecret },
        sale: { pay_within_seconds: 2 },
        ...services.config,
        mysql: { host, port, user_name, pass_word, db_name: database, tls: true, tls_ca_file: ca, ...more },
      });
      const configs = Object.fromEntries(
        roles.map((role) => [role, configFolder(place(role, password, { migrate: false })).configFile]),
      ) as Record<(typeof roles)[number], string>;
      for (const role of [...roles, "admin", "quantity"]) {
        await admin.unsafe(`CREATE USER ${role} IDENTIFIED BY '${password}' REQUIRE SSL`);
        await admin.unsafe(`GRANT USAGE ON ${database}.* TO ${role}`);
      }
      await admin.unsafe(`GRANT SELECT ON ${database}.* TO ${roles.join(", ")}`);

      const early = await runProgram(["consumer", "--config", configs.consumer]);
      expect([early.code, early.stderr]).toEqual([1, expect.stringContaining('run "seckill migrate"')]);
      const asOperator = configFolder(place(mysql.user, mysql.password)).configFile;
      expect(await runProgram(["migrate", "--config", asOperator])).toMatchObject({
        code: 0,
        stdout: "the ledger's tables are up to date\n",
      });
      for (const grant of documentedGrants(database)) await admin.unsafe(grant);

      await openSale(mysql, 2);
      const [gateway, relay, consumer, sweeper] = await Promise.all(
        roles.map((role) => startProgram(configs[role], { role })),
      );
      const paid = await buyOne(gateway!, "Ada");
      const left = await buyOne(gateway!, "Bob");
      await untilTold(paid, "won");
      expect((await paid.buyer.send("POST", `/api/orders/${paid.id}/pay`)).status).toBe(200);
      await untilTold(left, "expired");
      const ready = async (): Promise<unknown> => (await fetch(`${gateway!.operationsUrl}/readyz`)).json();
      await waitUntil(async () => ((await ready()) as { status: string }).status === "ready", {
        what: "the gateway to hear every role",
        timeoutMs: 20_000,
      });
      const warning = {
        message: "the ledger may lose orders",
        reason: expect.stringContaining("is 2: a power failure"),
      };
      expect(logOf(gateway!)).toContainEqual(expect.objectContaining(warning));
      await verifiedAtRest(asOperator, await toldTo(gateway!, [paid, left]));

      // Somebody waits until the merchant adds units.
      let last = left;
      await waitUntil(async () => (last = await buyOne(gateway!, `L${Math.random()}`)).status === 202, {
        what: "the unit that came back to be sold",
        timeoutMs: 30_000,
        intervalMs: 500,
      });
      await untilTold(last, "won");
      expect((await last.buyer.send("POST", `/api/orders/${last.id}/pay`)).status).toBe(200);
      const { id: productID } = testProduct;
      const waiter = new TestBuyer(gateway!.url);
      await waiter.register("Wendy");
      expect((await waiter.send("POST", "/api/waiting-list", { json: { productID } })).body.state).toBe("waiting");
      const restock = ["sale", "restock", "spring", "--product", productID, "--units", "2", "--config", asOperator];
      expect((await runProgram(restock)).code).toBe(0);
      const state = async () => (await waiter.send("GET", `/api/waiting-list?productID=${productID}`)).body.state;
      await waitUntil(async () => (await state()) === "offered", { what: "an offer", timeoutMs: 30_000 });

      // A gate that lost everything is rebuilt by the gateway, and a sale that is cancelled is released by the sweeper.
      const { url } = services.config.redis as { url: string };
      const redis = new Redis(url);
      await redis.flushall();
      redis.disconnect();
      await waitUntil(async () => (await buyOne(gateway!, `C${Math.random()}`)).status === 202, {
        what: "the rebuilt gate to sell",
        timeoutMs: 30_000,
        intervalMs: 500,
      });
      expect((await runProgram(["sale", "cancel", "spring", "--config", asOperator])).code).toBe(0);
      const unreleased = "SELECT 1 FROM orders WHERE state IN ('reserved', 'paid')";
      await waitUntil(async () => ((await admin.unsafe(unreleased)) as unknown[]).length === 0, {
        what: "the orders of the cancelled sale to be released",
        timeoutMs: 30_000,
        intervalMs: 200,
      });
      const denied = [gateway!, relay!, consumer!, sweeper!].flatMap(logOf);
      expect(JSON.stringify(denied)).not.toContain("denied");
      await Promise.all([gateway!, relay!, consumer!, sweeper!].map(({ process }) => process.stop()));

      // A server whose certificate nobody vouches for gets no password.
      const stranger = configFolder(place("gateway", password, { migrate: false, tls_ca_file: "" })).configFile;
      const refused = await runProgram(["gateway", "--config", stranger]);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toMatch(/certificate/);
      await Promise.all([services.stop(), mysql.drop()]);
    },
    timeoutMs,
  );
});
