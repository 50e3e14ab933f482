import { describe, expect, test } from "bun:test";
import { startSystem, systemClock } from "../../index.ts";
import type { Role } from "../../src/roles/task.ts";
import { checkSettings } from "../../src/settings/load-settings.ts";
import { temporaryFolder } from "../../../tools/test-services/index.ts";
import { sendBytes } from "../fakes/send-bytes.ts";
import { createLogger } from "../../src/logging/logger.ts";

const secret = "internal-secret-0123456789-abcdefghijklmno";

/** A process of a role, by default of all roles, and the lines of its log. */
async function start(parts: Readonly<Record<string, object>>, role: Role = "all") {
  const lines: string[] = [];
  const logger = createLogger({ level: "info", write: (line) => lines.push(line), now: Date.now });
  const settings = checkSettings(
    {
      data_dir: temporaryFolder("operations"),
      ...parts,
      backend: { host: "127.0.0.1", api_port: 0, shutdown_seconds: 5, ...parts["backend"] },
    },
    "/",
  );
  const system = await startSystem({ role, settings, logger, clock: systemClock });
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
    expect((await fetch(`http://localhost:${system.operationsPort}/metrics`)).status).toBe(200);
  });

  test("tells a page nothing whose own name leads to this machine", async () => {
    await using system = await start({ backend: { internal_secret: secret } });
    const ask = (host: string, target: string, more = ""): Promise<string> =>
      sendBytes(system.operationsPort, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${more}Connection: close\r\n\r\n`);
    for (const host of [
      "page.example",
      `page.example:${system.operationsPort}`,
      "127.0.0.1.page.example",
      "localhost.example",
    ]) {
      expect(await ask(host, "/metrics")).toStartWith("HTTP/1.1 401");
      expect(await ask(host, "/readyz")).toEndWith('{"status":"ready"}');
      expect(await ask(host, "/metrics", `Authorization: Bearer ${secret}\r\n`)).toStartWith("HTTP/1.1 200");
    }
    for (const host of ["127.0.0.1", "localhost:1", "[::1]"]) expect(await ask(host, "/readyz")).toContain('"parts"');
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

  test("says in a process without a gateway that /checkRight is to be asked elsewhere, but only to those who may ask", async () => {
    const backend = { internal_secret: secret, api_secret: `${secret}-to-sign` };
    await using system = await start({ gate: { mode: "ledger" }, backend }, "sweeper");
    const ask = (authorization: string) =>
      fetch(`http://127.0.0.1:${system.operationsPort}/checkRight`, {
        ...{ method: "POST", body: '{"userID":"ada"}' },
        headers: { authorization, "content-type": "application/json" },
      });
    const told = await ask(`Bearer ${secret}`);
    expect([told.status, await told.json()]).toEqual([503, { error: "no_gateway", message: expect.any(String) }]);
    expect((await ask("Bearer wrong")).status).toBe(401);
    expect((await fetch(`http://127.0.0.1:${system.operationsPort}/metrics/quantity`)).status).toBe(404);
  });
});
