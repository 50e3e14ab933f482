import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { testSecret } from "../fakes/test-gateway.ts";
import { configFolder, runProgram, startProgram } from "./program.ts";

/** Expects one line per problem, the exit code of wrong settings, and that nothing was started. */
const expectRefusal = (configFile: string, ...lines: string[]): Promise<void> => expectEnd(2, configFile, lines);

async function expectEnd(code: number, configFile: string, lines: readonly string[]): Promise<void> {
  const ended = await runProgram(["--config", configFile]);
  expect(ended.stderr.trimEnd().split("\n")).toEqual([...lines]);
  expect(ended.stdout).toBe("");
  expect(ended.code).toBe(code);
}

describe("the program does not start", () => {
  test("with unknown keys, wrong types, weak secrets and ports out of range, and names each", async () => {
    const { configFile } = configFolder({
      backend: { api_port: 70_000, api_prot: 1, api_secret: "hunter2" },
      mysql: { port: "x" },
    });
    await expectRefusal(
      configFile,
      `${configFile}: backend.api_port is 70000: must be at most 65535`,
      `${configFile}: backend.api_secret (7 characters): too weak: at least 32 random characters, for example from: openssl rand -base64 48`,
      `${configFile}: backend.api_prot is not a known key, did you mean api_port? backend may hold host, api_port, api_secret, previous_api_secret, internal_secret, secure_cookies, trusted_proxies, session_seconds, shutdown_seconds`,
      `${configFile}: mysql.port is "x": must be a number`,
    );
  });

  test("without a secret as soon as a part is shared", async () => {
    const { configFile } = configFolder({ mysql: { host: "db.example" } });
    await expectRefusal(
      configFile,
      `${configFile}: backend.api_secret is missing: as soon as mysql.host, rabbitmq.url, redis.url or redis.cluster is set, it must be a random string of at least 32 characters, for example from: openssl rand -base64 48`,
    );
  });

  test("with a config.json that is missing or not JSON", async () => {
    await expectRefusal("/no/such/config.json", "/no/such/config.json cannot be read: ENOENT");
    const { configFile } = configFolder();
    writeFileSync(configFile, '{\n  "backend": {}\n  "mysql": {}\n}\n');
    await expectRefusal(
      configFile,
      `${configFile}, line 3, column 3: the file is not valid JSON: "," or "}" was expected, but "\\"" was found`,
    );
  });

  test("with a data folder that cannot be written", async () => {
    const { folder, configFile } = configFolder();
    writeFileSync(join(folder, "data"), "a file, not a folder");
    const ended = await runProgram(["--config", configFile]);
    expect(ended.stderr).toStartWith(`data_dir ${join(folder, "data")} cannot be written: `);
    expect(ended.code).toBe(1);
  });

  test("on a port that is in use", async () => {
    await using taken = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
    const { configFile } = configFolder({ backend: { api_port: taken.port } });
    const ended = await runProgram(["--config", configFile]);
    expect(ended.stderr).toBe(`backend.api_port ${taken.port} on 127.0.0.1 is in use by another process\n`);
    expect(ended.code).toBe(1);
    // Its clock would run while the operator looks for another port.
    expect(ended.stdout).not.toContain("a demo sale was made");
  });

  test("with an address for the other gateways that is in use", async () => {
    const taken = Bun.listen({ hostname: "127.0.0.1", port: 0, exclusive: true, socket: { data() {} } });
    const gateways = { self: `127.0.0.1:${taken.port}` };
    const { configFile } = configFolder({ backend: { api_secret: testSecret }, gateways });
    const ended = await runProgram(["--config", configFile]);
    taken.stop(true);
    expect(ended.stderr).toBe(
      `gateways.self: port ${taken.port} on 127.0.0.1 is in use by another process; gateways.listen_host names another address of this machine\n`,
    );
    expect(ended.code).toBe(1);
  });

  test("twice on one data folder", async () => {
    const { folder, configFile } = configFolder();
    const first = await startProgram(configFile);
    await expectEnd(1, configFile, [
      `data_dir ${join(folder, "data")} is in use by another process: stop it, or name another folder`,
    ]);
    expect((await fetch(`${first.url}/healthz`)).status).toBe(200);
    await first.process.stop();
  });

  test("as a gateway of a ring without its own name, which other roles do not need", async () => {
    const { configFile } = configFolder({
      gateways: { nodes: ["10.0.0.1:9080", "10.0.0.2:9080"] },
      backend: { api_secret: testSecret },
    });
    for (const role of ["all", "gateway"]) {
      const ended = await runProgram([role, "--config", configFile]);
      expect(ended.stderr).toStartWith("gateways.nodes is set, but gateways.self is not: it must be the host:port");
      expect(ended.code).toBe(1);
    }
    const verified = await runProgram(["verify", "--config", configFile]);
    expect(verified.code).toBe(0);
  });

  test("in a role of its own with parts that live in another process", async () => {
    const { configFile } = configFolder();
    const gate = "redis.url and redis.cluster are empty";
    const cases = { gateway: gate, relay: gate, consumer: "rabbitmq.url is empty", sweeper: gate };
    for (const [role, what] of Object.entries(cases)) {
      const ended = await runProgram([role, "--config", configFile]);
      expect(ended.stderr).toStartWith(`${what}: the embedded `);
      expect(ended.code).toBe(1);
    }
  });

  test("in a role that would open an SQLite ledger beside those of other machines", async () => {
    const { configFile } = configFolder({
      backend: { api_secret: testSecret },
      redis: { url: "redis://127.0.0.1:6379" },
      rabbitmq: { url: "amqp://mq.internal" },
    });
    const ended = await runProgram(["relay", "--config", configFile]);
    expect(ended.stderr.trimEnd()).toBe(
      "mysql.host is empty, but rabbitmq.url mq.internal is another machine: each machine would open an SQLite ledger of its own",
    );
    expect(ended.code).toBe(1);
  });

  test("on a port for operators that is in use", async () => {
    const first = await startProgram(configFolder().configFile);
    const { port } = new URL(first.operationsUrl);
    const { configFile } = configFolder();
    const ended = await runProgram(["--config", configFile], { SECKILL_OPERATIONS_PORT: port });
    expect(ended.stderr).toStartWith(`operations.port ${port} on 127.0.0.1 is in use by another process`);
    expect(ended.code).toBe(1);
    const wrong = await runProgram(["--config", configFile], { SECKILL_OPERATIONS_PORT: "http" });
    expect(wrong.stderr).toContain("operations.port");
    await first.process.stop();
  });

  test("with the port of the buyers for operators, or with operators in the open without a secret", async () => {
    const { configFile } = configFolder({ backend: { api_port: 8080 }, operations: { port: 8080 } });
    await expectEnd(1, configFile, [
      "operations.port is 8080 on 127.0.0.1, the same as backend.api_port on 127.0.0.1: each listener needs a port of its own",
    ]);
    const open = configFolder({ operations: { host: "::" } });
    await expectRefusal(
      open.configFile,
      `${open.configFile}: operations.host is "::", which other machines can reach, but backend.internal_secret is empty: set backend.internal_secret to a random string of at least 32 characters, for example from: openssl rand -base64 48, or operations.host to "127.0.0.1"`,
    );
  });

  test("with words on the command line that mean nothing", async () => {
    const cases: [string[], string][] = [
      [["sell"], "unknown command 'sell'"],
      [["--conf", "x"], "unknown option '--conf'"],
      [["--config"], "option '--config <file>' argument missing"],
      [["gateway", "relay"], "relay is one word too many for start"],
      [["all", "--at-rest"], "--at-rest belongs to verify, not to start"],
    ];
    for (const [args, message] of cases) {
      const ended = await runProgram(args);
      expect([ended.code, ended.stderr.split("\n")[0]]).toEqual([2, message]);
    }
    const help = await runProgram(["--help"]);
    expect([help.code, help.stdout.split("\n")[0]]).toEqual([0, "Usage: seckill [command] [options]"]);
  }, 30_000);
});
