import { expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startRedisServer, temporaryFolder } from "../../../tools/test-services/index.ts";
import { checkFiles } from "../../src/doctor/check-files.ts";
import { checkOffset } from "../../src/doctor/clocks.ts";
import { Findings } from "../../src/doctor/finding.ts";
import { checkSettings } from "../../src/settings/load-settings.ts";
import { testSecret } from "../fakes/test-gateway.ts";
import { configFolder, runProgram, startProgram } from "../roles/program.ts";
import { diagnose, linesOf } from "./doctor.ts";

const timeoutMs = 60_000;

test("the shipped configuration has no problem", async () => {
  const { code, stdout } = await runProgram(["doctor", "--json"]);
  expect([code, JSON.parse(stdout)]).toMatchObject([0, { ok: true }]);
});

test("a file that is no JSON is wrong at a line and a column", async () => {
  const { configFile } = configFolder();
  writeFileSync(configFile, '{\n  "backend": {\n    "api_port": 8080,\n  }\n}');
  const diagnosis = await diagnose(configFile);
  expect(linesOf(diagnosis, "problem")[0]).toStartWith(
    `configuration: ${configFile}, line 4, column 3: the file is not valid JSON: `,
  );
});

test("an unknown key names the nearest, and a value beyond its limit names the limit", async () => {
  const { configFile } = configFolder({ backend: { api_prot: 1, api_port: 70_000 } });
  const problems = linesOf(await diagnose(configFile), "problem").join("\n");
  expect(problems).toContain("backend.api_prot is not a known key, did you mean api_port? backend may hold host");
  expect(problems).toContain("backend.api_port is 70000: must be at most 65535");
});

test(
  "a port in use is a problem, and only a warning where the system itself answers",
  async () => {
    await using taken = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
    const { configFile } = configFolder({ backend: { api_port: taken.port } });
    expect(linesOf(await diagnose(configFile), "problem")).toEqual([
      `this machine: backend.api_port ${taken.port} on 127.0.0.1 cannot be listened at: another process uses it`,
    ]);
    const running = await startProgram(configFolder().configFile);
    const { port } = new URL(running.url);
    const second = configFolder({ backend: { api_port: Number(port) } }).configFile;
    const diagnosis = await diagnose(second);
    expect([diagnosis.code, ...linesOf(diagnosis, "warning")]).toEqual([
      0,
      `this machine: backend.api_port ${port} on 127.0.0.1 is in use by a server that answers as seckill does`,
    ]);
    await running.process.stop();
  },
  timeoutMs,
);

test("a role is checked for what it alone needs", async () => {
  const { configFile } = configFolder();
  const problems = linesOf(await diagnose(configFile, "--role", "relay"), "problem");
  expect(problems).toEqual([expect.stringContaining("the embedded MyRedis belongs to the role all")]);
});

test("few files for many buyers are a warning", async () => {
  const { configFile } = configFolder({ limits: { requests_in_flight: 1_000_000 } });
  const warnings = linesOf(await diagnose(configFile), "warning");
  expect(warnings).toEqual([expect.stringMatching(/may open \d+ files, but a gateway at its limits needs 1001256/)]);
});

test("a certificate ends soon, or has ended, and a key is readable by everybody", () => {
  const folder = temporaryFolder("doctor");
  const [ca, key] = [join(folder, "ca.pem"), join(folder, "shop.key")];
  const subject = ["-subj", "/CN=Test authority", "-days", "100"];
  const to = ["-keyout", join(folder, "ca.key"), "-out", ca];
  const made = Bun.spawnSync(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", ...to, ...subject]);
  expect(made.exitCode).toBe(0);
  writeFileSync(key, "x", { mode: 0o644 });
  const { configFile } = configFolder();
  chmodSync(configFile, 0o600);
  const mysql = { host: "db.internal", tls: true, tls_ca_file: ca };
  const quantity = { programs: [{ name: "shop", key_file: key }] };
  const settings = checkSettings({ backend: { api_secret: testSecret }, mysql, quantity }, folder);
  const linesIn = (days: number): string[] => {
    const nowMs = Date.now() + days * 86_400_000;
    return checkFiles(configFile, settings, nowMs).map(({ level, what }) => `${level}: ${what}`);
  };
  const others = [
    `ok: ${configFile} is readable by its owner and group alone`,
    `warning: every user of this machine may read ${key}`,
  ];
  const name = "mysql.tls_ca_file: CN=Test authority";
  expect(linesIn(0)).toEqual([
    expect.stringMatching(new RegExp(`^ok: ${name} is valid for (99|100) days$`)),
    ...others,
  ]);
  expect(linesIn(90)[0]).toMatch(new RegExp(`^warning: ${name} expires in (9|10) days, on `));
  expect(linesIn(101)[0]).toStartWith(`problem: ${name} has expired on `);
});

test("a server whose clock is wrong is a problem, as far as the way of the question lets it be known", () => {
  const settings = checkSettings({}, "/");
  const offset = (serverMs: number, tookMs: number): string[] => {
    const findings = new Findings("MySQL");
    checkOffset(findings, serverMs, { askedMs: 1_000_000, tookMs, settings });
    return findings.all.map(({ level, what }) => `${level}: ${what}`);
  };
  expect(offset(1_000_900, 0)).toEqual(["ok: its clock differs by 900 ms"]);
  expect(offset(1_003_000, 0)).toEqual(["problem: its clock is 3000 ms ahead of that of this machine"]);
  expect(offset(1_000_000 - 60_000, 20)).toEqual(["problem: its clock is 60010 ms behind that of this machine"]);
  expect(offset(1_003_000, 4_000)).toEqual(["ok: its clock differs by 1000 ms"]);
});

test(
  "a gate that forgets, evicts, follows another server or refuses the login",
  async () => {
    const primary = await startRedisServer({ args: ["--appendonly", "yes", "--appendfsync", "always"] });
    const configOf = (url: string): string =>
      configFolder({ redis: { url }, backend: { api_secret: testSecret } }).configFile;
    const gateOf = async (url: string, ...levels: ("warning" | "problem")[]): Promise<string[]> =>
      linesOf(await diagnose(configOf(url)), ...levels).filter((line) => line.startsWith("gate: "));
    expect(await gateOf(primary.url, "warning", "problem")).toEqual([]);

    const options = ["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru", "--requirepass", "open-sesame"];
    const careless = await startRedisServer({ args: options });
    const { port } = careless;
    expect(await gateOf(`redis://:open-sesame@127.0.0.1:${port}`, "warning", "problem")).toEqual([
      "gate: appendonly is not yes: a restart of the gate loses reservations",
      "gate: maxmemory-policy is allkeys-lru, not noeviction: a server that is full deletes reservations",
    ]);
    for (const url of [careless.url, `redis://:wrong@127.0.0.1:${port}`]) {
      expect(await gateOf(url, "problem")).toEqual([
        expect.stringMatching(/^gate: the server of redis.url refuses the login: .*(NOAUTH|WRONGPASS)/),
      ]);
    }
    const replica = await startRedisServer({ args: ["--replicaof", "127.0.0.1", `${primary.port}`] });
    expect(await gateOf(replica.url, "problem")).toEqual(["gate: the server is a slave of another one"]);
    await Promise.all([primary.stop(), careless.stop()]);
    expect(await gateOf(primary.url, "problem")).toEqual([
      expect.stringMatching(/^gate: the server of redis.url cannot be asked: .*ECONNREFUSED/),
    ]);
    await replica.stop();
  },
  timeoutMs,
);
