import { describe, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { testSecret } from "../fakes/test-gateway.ts";
import { programServices, startProgramServices } from "../roles/program-services.ts";
import { configFolder, type RunningProgram, startProgram } from "../roles/program.ts";
import { outageLines, partsOf } from "./operations-of.ts";
import { buyOne, openSale, toldTo, untilTold, verifiedAtRest } from "./sale-on-services.ts";

const { missing, reason } = programServices;
const timeoutMs = 120_000;
/** "Within seconds": heartbeats come once a second, and four of them may be missing. */
const seenWithinMs = 10_000;

interface Ready {
  readonly status: string;
  readonly parts: readonly { readonly name: string; readonly status: string; readonly reason?: string }[];
}

/** What /readyz tells operators. */
async function readyOf({ operationsUrl: url }: RunningProgram): Promise<Ready & { readonly code: number }> {
  const answer = await fetch(`${url}/readyz`);
  return { code: answer.status, ...((await answer.json()) as Ready) };
}

async function untilPart(gateway: RunningProgram, name: string, status: string): Promise<string> {
  let why = "";
  const isSo = async (): Promise<boolean> => {
    const part = (await readyOf(gateway)).parts.find((known) => known.name === name);
    why = part?.reason ?? "";
    return part?.status === status;
  };
  await waitUntil(isSo, { what: `the part ${name} to be ${status}`, timeoutMs: seenWithinMs });
  return why;
}

describe.skipIf(missing)(`fault 30: a relay, a consumer or a sweeper that is dead or stuck${reason}`, () => {
  test(
    "is named by every gateway within seconds, and its return too, while the gateway goes on selling",
    async () => {
      const services = await startProgramServices();
      const { configFile } = configFolder({ backend: { api_secret: testSecret }, ...services.config });
      await openSale(services.mysql, 4);
      const start = (role: string) => startProgram(configFile, { role });
      const gateway = await start("gateway");
      const roles = { relay: await start("relay"), consumer: await start("consumer"), sweeper: await start("sweeper") };
      for (const role of Object.keys(roles)) await untilPart(gateway, role, "ok");
      expect(await readyOf(gateway)).toMatchObject({ code: 200, status: "ready" });

      for (const [role, { process }] of Object.entries(roles)) {
        await process.kill("SIGSTOP");
        expect(await untilPart(gateway, role, "down")).toContain("has been silent for");
        // Degraded is no reason to turn buyers away: what the gateway accepts waits in the outbox.
        expect(await readyOf(gateway)).toMatchObject({ code: 200, status: "degraded" });
        await process.kill("SIGCONT");
        await untilPart(gateway, role, "ok");
      }
      await roles.relay.process.kill("SIGKILL");
      expect(await untilPart(gateway, "relay", "down")).toContain("no relay is alive: the relay");
      const metrics = await (await fetch(`${gateway.operationsUrl}/metrics`)).text();
      expect(metrics).toContain('seckill_part_up{part="relay"} 0\n');
      expect(metrics).toContain('seckill_part_up{part="consumer"} 1\n');
      const purchase = await buyOne(gateway, "Ada");
      expect(purchase.status).toBe(202);
      const relay = await start("relay");
      await untilTold(purchase, "won");
      // The killed relay is missed for a minute, though another one does its work.
      expect(await untilPart(gateway, "relay", "degraded")).toContain("has been silent for");
      expect(outageLines(gateway, "relay").map(({ message }) => message)).toEqual([
        "a part is down",
        "a part is well again",
        "a part is down",
        "a part is degraded",
      ]);
      expect(await partsOf(roles.consumer)).toMatchObject({ ledger: { status: "ok" }, queue: { status: "ok" } });
      await verifiedAtRest(configFile, await toldTo(gateway, [purchase]));
      const running = [gateway, relay, roles.consumer, roles.sweeper];
      await Promise.all(running.map(({ process }) => process.stop()));
      await services.stop();
    },
    timeoutMs,
  );
});
