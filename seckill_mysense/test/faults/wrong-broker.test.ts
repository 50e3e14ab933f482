import { describe, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { testSecret } from "../fakes/test-gateway.ts";
import { programServices, startProgramServices } from "../roles/program-services.ts";
import { configFolder, startProgram } from "../roles/program.ts";
import { logOf, outageLines } from "./operations-of.ts";
import { openSale } from "./sale-on-services.ts";

const { missing, reason } = programServices;

describe.skipIf(missing)(`a broker with another password${reason}`, () => {
  test("is one line in words for each role, however often it is tried, and the role is not ready", async () => {
    const services = await startProgramServices();
    const { rabbitmq } = services.config as { rabbitmq: { url: string } };
    const url = new URL(rabbitmq.url);
    url.password = "wrong";
    const { configFile } = configFolder({
      backend: { api_secret: testSecret },
      ...services.config,
      rabbitmq: { ...rabbitmq, url: url.href },
    });
    await openSale(services.mysql, 1);
    for (const role of ["relay", "consumer"]) {
      const program = await startProgram(configFile, { role });
      await waitUntil(() => outageLines(program, "queue").length > 0, { what: "a line", timeoutMs: 20_000 });
      const readiness = await fetch(`${program.operationsUrl}/readyz`);
      expect(readiness.status).toBe(503);
      // Some more attempts.
      await Bun.sleep(4_000);
      expect(outageLines(program, "queue")).toMatchObject([
        {
          level: "warn",
          message: "a part is down",
          address: `${url.host}${url.pathname}`,
          reason: expect.stringContaining('the broker refused the user "guest" or its password (ACCESS_REFUSED'),
        },
      ]);
      expect(JSON.stringify(logOf(program))).not.toContain("undefined:");
      expect(JSON.stringify(logOf(program))).not.toContain("wrong");
      await program.process.stop();
    }
    await services.stop();
  }, 120_000);
});
