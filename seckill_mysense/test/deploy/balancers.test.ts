import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  findProgram,
  freePort,
  requireService,
  startProcess,
  temporaryFolder,
  waitUntil,
} from "../../../tools/test-services/index.ts";

const deploy = join(import.meta.dir, "../../../deploy");
const haproxy = requireService("haproxy");
const haproxyProgram = findProgram("haproxy", "/usr/sbin/haproxy") ?? "haproxy";
const shipped = readFileSync(join(deploy, "haproxy/haproxy.cfg"), "utf8");

describe.skipIf(haproxy.missing)(`deploy/haproxy${haproxy.reason}`, () => {
  test("is valid as it is", () => {
    const file = join(deploy, "haproxy/haproxy.cfg");
    const { status, stdout, stderr } = spawnSync(haproxyProgram, ["-c", "-f", file], { encoding: "utf8" });
    expect([status, `${stdout}${stderr}`]).toEqual([0, expect.stringContaining("valid")]);
  });

  test("hides what clients write about themselves, refuses large bodies, and leaves out a gateway that is not ready", async () => {
    let isReady = true;
    const gateway = (name: string, ready: () => boolean) =>
      Bun.serve({
        hostname: "127.0.0.1",
        port: 0,
        fetch: (request) =>
          new URL(request.url).pathname === "/readyz"
            ? new Response("", { status: ready() ? 200 : 503 })
            : Response.json({ name, headers: Object.fromEntries(request.headers) }),
      });
    await using first = gateway("first", () => isReady);
    await using second = gateway("second", () => true);
    await using third = gateway("third", () => false);
    const port = await freePort();
    const ports = [first, second, third].map((one) => one.port!);
    const config = ports
      .reduce((text, of, index) => text.replaceAll(`10.0.0.${index + 1}:8080`, `127.0.0.1:${of}`), shipped)
      .replace("bind :80", `bind 127.0.0.1:${port}`)
      .replace("maxconn 65536", "maxconn 1000");
    const file = join(temporaryFolder("haproxy"), "haproxy.cfg");
    writeFileSync(file, config);
    const proxy = await startProcess({ cmd: [haproxyProgram, "-db", "-f", file] });
    const url = `http://127.0.0.1:${port}`;
    const headers = { "x-forwarded-for": "1.2.3.4", traceparent: "00-1-2-03" };
    const ask = async () =>
      (await (await fetch(`${url}/api/sales`, { headers })).json()) as {
        name: string;
        headers: Record<string, string>;
      };
    const namesOf = async (): Promise<string> => {
      const names = new Set<string>();
      for (let index = 0; index < 8; index += 1) names.add((await ask()).name);
      return [...names].toSorted().join(" ");
    };
    const names = (expected: string) =>
      waitUntil(async () => (await namesOf().catch(() => "")) === expected, {
        what: `answers of ${expected}`,
        timeoutMs: 20_000,
        intervalMs: 500,
      });
    await names("first second");
    const { headers: seen } = await ask();
    expect(seen).toMatchObject({ "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "http" });
    expect(seen["traceparent"]).toBeUndefined();
    const post = async (path: string, bytes: number): Promise<number> =>
      (await fetch(`${url}${path}`, { method: "POST", body: "x".repeat(bytes) })).status;
    expect([await post("/api/login", 16_384), await post("/api/login", 16_385)]).toEqual([200, 413]);
    expect([await post("/api/payments/callback", 262_144), await post("/api/payments/callback", 262_145)]).toEqual([
      200, 413,
    ]);
    isReady = false;
    await names("second");
    await proxy.stop();
  }, 60_000);
});

const systemd = findProgram("systemd-analyze");

describe.skipIf(systemd === undefined)(
  `deploy/systemd${systemd === undefined ? " (skipped: there is no systemd-analyze on PATH)" : ""}`,
  () => {
    const verify = (change: (text: string) => string): { status: number | null; output: string } => {
      const folder = temporaryFolder("systemd");
      cpSync(join(deploy, "systemd"), folder, { recursive: true });
      const file = join(folder, "seckill@.service");
      writeFileSync(file, change(readFileSync(file, "utf8")));
      const { status, stdout, stderr } = spawnSync(systemd!, ["verify", "--man=no", file], { encoding: "utf8" });
      return { status, output: `${stdout}${stderr}` };
    };

    test("is a valid unit, and a wrong one would be found", () => {
      expect(verify((text) => text)).toEqual({ status: 0, output: "" });
      expect(verify((text) => text.replace("LimitNOFILE", "LimitFiles")).output).toContain("LimitFiles");
    });
  },
);

test("the unit starts the role that its name says, also of a numbered process", () => {
  const unit = readFileSync(join(deploy, "systemd/seckill@.service"), "utf8");
  const [, script] = /^ExecStart=\/bin\/sh -c '(.*)'$/m.exec(unit)!;
  const started = (instance: string): string => {
    // As systemd reads it: %% is a percent sign, $$ a dollar, %i the instance.
    const read = script!.replaceAll("%%", "\0").replaceAll("%i", instance).replaceAll("\0", "%").replaceAll("$$", "$");
    const shown = read.replace("exec /opt/seckill/node_modules/.bin/bun", "echo");
    return spawnSync("sh", ["-c", shown], { encoding: "utf8", env: { SECKILL_CONFIG: "/c.json" } }).stdout.trim();
  };
  expect(started("gateway")).toBe("seckill_mysense/main.ts start gateway --config /c.json");
  expect(started("consumer-2")).toBe("seckill_mysense/main.ts start consumer --config /c.json");
});
