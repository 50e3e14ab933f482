import { describe, expect, test } from "bun:test";
import { freshMysqlDatabase, freshRabbitmqVhost, waitUntil } from "../../../tools/test-services/index.ts";
import { testSecret } from "../fakes/test-gateway.ts";
import { programServices, startProgramServices } from "../roles/program-services.ts";
import { configFolder, type RunningProgram, startProgram } from "../roles/program.ts";
import { figureOf, outageLines, partsOf } from "./operations-of.ts";
import { buyOne, openSale, type Purchase, toldTo, untilTold, verifiedAtRest } from "./sale-on-services.ts";

const { missing, reason } = programServices;
/** These faults last 30 s by their definition. */
const outageMs = 30_000;
const timeoutMs = 180_000;

/** Starts the four roles. */
async function startRoles(configFile: string) {
  const [gateway, relay, consumer, sweeper] = await Promise.all(
    (["gateway", "relay", "consumer", "sweeper"] as const).map((role) => startProgram(configFile, { role })),
  );
  return { gateway: gateway!, relay: relay!, consumer: consumer!, sweeper: sweeper! };
}

async function untilLogged(program: RunningProgram, part: string, lines: number): Promise<Record<string, unknown>[]> {
  const isLogged = (): boolean => outageLines(program, part).length >= lines;
  await waitUntil(isLogged, { what: `${lines} lines about the part ${part}`, timeoutMs: 30_000 });
  return outageLines(program, part);
}

const outage = (part: string, address: string, why: RegExp) => [
  { level: "warn", message: "a part is down", part, address, reason: expect.stringMatching(why) },
  { level: "info", message: "a part is well again", part, address, seconds: expect.any(Number) },
];

describe.skipIf(missing)(`servers that are away for 30 s${reason}`, () => {
  test(
    "fault 8: the broker is restarted, and then gone: each reservation is won, and each role says so in two lines",
    async () => {
      const services = await startProgramServices();
      const broker = await freshRabbitmqVhost({ dedicated: true });
      const rabbitmq = { url: broker.url, queue_name: "sale" };
      const { configFile } = configFolder({ backend: { api_secret: testSecret }, ...services.config, rabbitmq });
      await openSale(services.mysql, 10);
      const roles = await startRoles(configFile);
      const purchases: Purchase[] = [await buyOne(roles.gateway, "Ada")];
      await untilTold(purchases[0]!, "won");
      await broker.server.restart();
      purchases.push(await buyOne(roles.gateway, "Bob"));
      await untilTold(purchases[1]!, "won");
      await broker.server.kill("SIGKILL");
      purchases.push(await buyOne(roles.gateway, "Cyd"));
      await Bun.sleep(outageMs);
      expect(await partsOf(roles.relay)).toMatchObject({ queue: { status: "down" }, relay: { status: "down" } });
      expect((await fetch(`${roles.relay.operationsUrl}/readyz`)).status).toBe(503);
      expect(await figureOf(roles.relay, "seckill_outbox_length")).toBe(1);
      expect(await figureOf(roles.relay, "seckill_outbox_age_seconds")).toBeGreaterThan(20);
      expect((await fetch(`${roles.gateway.url}/readyz`)).status).toBe(200);
      purchases.push(await buyOne(roles.gateway, "Dan"));
      await broker.server.restart();
      for (const purchase of purchases) await untilTold(purchase, "won", 60_000);
      const address = `127.0.0.1:${broker.server.port}/`;
      for (const program of [roles.relay, roles.consumer]) {
        const isOver = (): boolean => Number(outageLines(program, "queue").at(-1)?.["seconds"]) > 20;
        await waitUntil(isOver, { what: "the end of the long outage", timeoutMs: 30_000 });
        const lines = outageLines(program, "queue");
        expect(lines.slice(-2)).toMatchObject(outage("queue", address, /./));
        // The restart was one outage at most.
        expect([2, 4]).toContain(lines.length);
      }
      await verifiedAtRest(configFile, await toldTo(roles.gateway, purchases));
      await Promise.all(Object.values(roles).map(({ process }) => process.stop()));
      await Promise.all([services.stop(), broker.drop()]);
    },
    timeoutMs,
  );

  test(
    "fault 14: the ledger is frozen: every role says so within seconds, in words, and every reservation is won later",
    async () => {
      const services = await startProgramServices();
      const mysql = await freshMysqlDatabase({ dedicated: true });
      const { host, port, user, password, database } = mysql;
      const place = { host, port, user_name: user, pass_word: password, db_name: database };
      const { configFile } = configFolder({ backend: { api_secret: testSecret }, ...services.config, mysql: place });
      await openSale(mysql, 10);
      const roles = await startRoles(configFile);
      const [ada, bob] = [await buyOne(roles.gateway, "Ada"), await buyOne(roles.gateway, "Bob")];
      await untilTold(ada, "won");
      await untilTold(bob, "won");
      await mysql.server.kill("SIGSTOP");
      const frozenAtMs = performance.now();
      for (const program of Object.values(roles)) {
        const [line] = await untilLogged(program, "ledger", 1);
        expect(line).toMatchObject({ message: "a part is down", reason: "no answer within 3 s" });
      }
      expect(performance.now() - frozenAtMs).toBeLessThan(10_000);
      expect((await fetch(`${roles.gateway.url}/readyz`)).status).toBe(503);
      expect(await partsOf(roles.gateway)).toMatchObject({ ledger: { reason: "no answer within 3 s" } });
      await Bun.sleep(outageMs - (performance.now() - frozenAtMs));
      await mysql.server.kill("SIGCONT");
      const address = `127.0.0.1:${port}/${database}`;
      for (const program of Object.values(roles)) {
        const lines = await untilLogged(program, "ledger", 2);
        expect(lines).toMatchObject(outage("ledger", address, /no answer within 3 s/));
      }
      const cyd = await buyOne(roles.gateway, "Cyd");
      await untilTold(cyd, "won");
      await verifiedAtRest(configFile, await toldTo(roles.gateway, [ada, bob, cyd]));
      await Promise.all(Object.values(roles).map(({ process }) => process.stop()));
      await Promise.all([services.stop(), mysql.drop()]);
    },
    timeoutMs,
  );
});
