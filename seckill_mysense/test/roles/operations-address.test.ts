import { describe, expect, test } from "bun:test";
import { startSystem, systemClock } from "../../index.ts";
import { checkSettings } from "../../src/settings/load-settings.ts";
import { temporaryFolder } from "../../../tools/test-services/index.ts";
import { createLogger } from "../../src/logging/logger.ts";

const secret = "internal-secret-0123456789-abcdefghijklmno";

/** One process with all roles, and the lines of its log. */
async function start(parts: { readonly operations?: object; readonly backend?: object }) {
  const lines: string[] = [];
  const logger = createLogger({ level: "info", write: (line) => lines.push(line), now: Date.now });
  const settings = checkSettings(
    {
      ...{ data_dir: temporaryFolder("operations"), operations: { ...parts.operations } },
      backend: { host: "127.0.0.1", api_port: 0, shutdown_seconds: 5, ...parts.backend },
    },
    "/",
  );
  const system = await startSystem({ role: "all", settings, logger, clock: systemClock });
  const isMoving = lines.some((line) => line.includes("operations.port is 0: programs find /checkRight"));
  return { ...system, isMoving, [Symbol.asyncDispose]: async () => void (await system.stop()) };
}

const isRefused = (url: string): Promise<boolean> =>
  fetch(url).then(
    () => false,
    () => true,
  );

describe("the address for operators", () => {
  test("is this machine's own alone, as settings of an earlier version have it, and needs no secret", async () => {
    await using system = await start({});
    const url = `http://127.0.0.1:${system.operationsPort}`;
    expect(await (await fetch(`${url}/metrics`)).text()).toContain("seckill_check_total");
    expect((await fetch(`${url}/checkRight`, { method: "POST", body: "{}" })).status).toBe(401);
    expect(system.isMoving).toBe(false);
  });

  test("may be one of IPv6, and then is no other", async () => {
    await using system = await start({ operations: { host: "::1" }, backend: { internal_secret: secret } });
    const { operationsPort: port } = system;
    expect((await fetch(`http://[::1]:${port}/metrics`)).status).toBe(200);
    expect(await isRefused(`http://127.0.0.1:${port}/metrics`)).toBe(true);
    // Programs would look for it after each start.
    expect(system.isMoving).toBe(true);
  });

  test("in the open of IPv6 tells nothing without the secret, also not to this machine", async () => {
    await using system = await start({ operations: { host: "::" }, backend: { internal_secret: secret } });
    for (const host of ["[::1]", "127.0.0.1"]) {
      const url = `http://${host}:${system.operationsPort}/metrics`;
      expect((await fetch(url)).status).toBe(401);
      expect((await fetch(url, { headers: { authorization: `Bearer ${secret}` } })).status).toBe(200);
    }
  });
});
