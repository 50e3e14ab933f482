import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkSettings, isEmbedded, loadSettings } from "../../src/settings/load-settings.ts";
import { SettingsError } from "../../src/settings/settings-error.ts";

const goodSecret = "k8Zq2Lr5Tn7Wx0Bv4Cd6Ef9Gh1Jm3Ps-uY";

function problemsOf(work: () => unknown): readonly string[] {
  try {
    work();
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

function inFolder(text: string, work: (file: string, folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "seckill-settings-"));
  try {
    const file = join(folder, "config.json");
    writeFileSync(file, text);
    work(file, folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("config.json", () => {
  test("the shipped file is good, starts embedded, and spells out every default", () => {
    const file = join(import.meta.dir, "../../configs/config.json");
    const shipped = loadSettings(file, {});
    expect(isEmbedded(shipped)).toBe(true);
    expect(shipped).toEqual(checkSettings({}, join(import.meta.dir, "../../configs")));
  });

  test("every problem is one line that names the key, its value and what would be right", () => {
    const cases: [unknown, string][] = [
      [
        { backend: { api_prot: 1 } },
        "backend.api_prot is not a known key, did you mean api_port? backend may hold host, api_port, ",
      ],
      [
        { sales: {} },
        "sales is not a known key, did you mean sale? the file may hold data_dir, backend, accounts, admin, ",
      ],
      [{ backend: { api_port: 70_000 } }, "backend.api_port is 70000: must be at most 65535"],
      [{ backend: { api_port: -1 } }, "backend.api_port is -1: must be at least 0"],
      [{ backend: { api_port: 80.5 } }, "backend.api_port is 80.5: must be a whole number"],
      [{ backend: { api_port: "8080" } }, 'backend.api_port is "8080": must be a number'],
      [{ backend: { api_secret: "hunter2" } }, "backend.api_secret (7 characters): too weak: at least 32 random"],
      [
        { backend: { api_secret: "a".repeat(64) } },
        "backend.api_secret (64 characters): too weak: at least 12 different",
      ],
      [{ mysql: { port: 0 } }, "mysql.port is 0: must be at least 1"],
      [
        {
          payments: {
            ...{ provider: "stripe", api_key: "sk", callback_secret: goodSecret, return_url: "https://shop.example" },
            ask_after_seconds: 84_481,
          },
        },
        "payments.ask_after_seconds is 84481, but a session of Stripe lasts from 30 minutes to 24 hours: with " +
          'payments.provider "stripe" it must be at most 84480',
      ],
      [{ mysql: { db_name: "a; drop" } }, 'mysql.db_name is "a; drop": must be 1 to 64 letters'],
      [{ mysql: null }, "mysql is null: must be an object"],
      [
        { rabbitmq: { url: "http://broker" } },
        "rabbitmq.url (13 characters): must be empty or a URL that begins with amqp://",
      ],
      [
        { redis: { cluster: ["10.0.0.1"] } },
        'redis.cluster.0 is "10.0.0.1": must be host:port in lower case, such as 10.0.0.1:9080',
      ],
      [{ redis: { append_fsync: "often" } }, 'redis.append_fsync is "often": must be one of "always", "everysec"'],
      [{ limits: { check_per_user: { burst: 0 } } }, "limits.check_per_user.burst is 0: must be at least 1"],
      [{ log: { level: "loud" } }, 'log.level is "loud": must be one of "debug", "info", "warn", "error"'],
      [[], "the file is []: must be an object"],
    ];
    for (const [input, problem] of cases) {
      const problems = problemsOf(() => checkSettings(input, "/"));
      expect(problems).toHaveLength(1);
      expect(problems[0]).toStartWith(problem);
    }
  });

  test("all problems are reported at once", () => {
    const input = { backend: { api_port: 70_000, api_prot: 1 }, mysql: { port: 0 } };
    expect(problemsOf(() => checkSettings(input, "/"))).toHaveLength(3);
  });

  test("a secret may be left out only while everything is embedded", () => {
    for (const part of [
      { mysql: { host: "db" } },
      { rabbitmq: { url: "amqp://broker" } },
      { redis: { url: "redis://gate" } },
    ]) {
      expect(problemsOf(() => checkSettings(part, "/"))[0]).toStartWith("backend.api_secret is missing: as soon as");
      expect(problemsOf(() => checkSettings({ ...part, backend: { api_secret: goodSecret } }, "/"))).toEqual([]);
    }
  });

  test("figures are shown to other machines only with a secret", () => {
    const operations = (host: string, internal_secret = ""): readonly string[] =>
      problemsOf(() => checkSettings({ operations: { host }, backend: { internal_secret } }, "/"));
    for (const host of ["127.0.0.1", "127.8.0.1", "localhost", "::1", "::ffff:127.0.0.1"]) {
      expect([host, operations(host)]).toEqual([host, []]);
    }
    // Spellings that the operating system may read as this machine are not taken for it.
    for (const host of ["0.0.0.0", "::", "10.0.0.5", "fd00::1", "ops.internal", "127.1", "0x7f.0.0.1", "0"]) {
      expect(operations(host, goodSecret)).toEqual([]);
      expect(operations(host)).toEqual([
        `operations.host is "${host}", which other machines can reach, but backend.internal_secret is empty: ` +
          "set backend.internal_secret to a random string of at least 32 characters, for example from: openssl rand -base64 48, " +
          'or operations.host to "127.0.0.1"',
      ]);
    }
  });

  test("a previous secret needs a different one to follow it", () => {
    const previous_api_secret = goodSecret;
    expect(problemsOf(() => checkSettings({ backend: { previous_api_secret } }, "/"))[0]).toContain(
      "both must be, or none",
    );
    const same = { backend: { api_secret: goodSecret, previous_api_secret } };
    expect(problemsOf(() => checkSettings(same, "/"))[0]).toContain("is the same as backend.api_secret");
  });

  test("the gate is one server, or a cluster with credentials of its own, or embedded", () => {
    const backend = { api_secret: goodSecret };
    const gate = (redis: object): readonly string[] => problemsOf(() => checkSettings({ backend, redis }, "/"));
    const cluster = ["10.0.0.1:6379", "[2001:db8::1]:6379"];
    expect(gate({ cluster, user_name: "sale", pass_word: "word", tls: true })).toEqual([]);
    expect(problemsOf(() => checkSettings({ redis: { cluster } }, "/"))[0]).toStartWith(
      "backend.api_secret is missing",
    );
    expect(gate({ cluster, url: "redis://gate" })[0]).toStartWith("redis.url and redis.cluster are both set");
    expect(gate({ url: "redis://gate", pass_word: "word" })[0]).toContain("redis.url holds its own");
    expect(gate({ embedded_nodes: 3, embedded_port: 65_534 })).toEqual([
      "redis.embedded_port is 65534: 3 nodes would go beyond port 65535",
    ]);
  });

  test("a ring of gateways needs names that the others can call, each once, and a secret in common", () => {
    const backend = { api_secret: goodSecret };
    const ring = (gateways: object, parts: object = { backend }): readonly string[] =>
      problemsOf(() => checkSettings({ ...parts, gateways }, "/"));
    expect(ring({ nodes: ["10.0.0.1:9080", "[2001:db8::1]:9080"], self: "10.0.0.1:9080" })).toEqual([]);
    expect(ring({ self: "gateway-1.internal:9080" })).toEqual([]);
    const cases: [readonly string[], string][] = [
      [ring({ self: "10.0.0.1:9080" }, {}), "gateways.self is set, but backend.api_secret is not"],
      [ring({ nodes: ["a:1", "b:1", "a:1"], self: "b:1" }), 'gateways.nodes names "a:1" twice'],
      [ring({ nodes: ["a:1", "b:1"], self: "c:1", max_nodes: 2 }), "gateways.nodes and gateways.self are 3 gateways"],
      [ring({ self: "10.0.0.1" }), 'gateways.self is "10.0.0.1": must be host:port in lower case'],
      [ring({ self: "Gateway:1" }), 'gateways.self is "Gateway:1": must be host:port in lower case'],
      [ring({ self: "a:65536" }), 'gateways.self is "a:65536": must be host:port'],
      [ring({ nodes: ["http://a:1"], self: "a:1" }), 'gateways.nodes.0 is "http://a:1": must be host:port'],
      [ring({ self: "a:1", down_after_ms: 2_000 }), "gateways.down_after_ms is 2000: must be at most 1500"],
    ];
    for (const [problems, problem] of cases) {
      expect(problems).toHaveLength(1);
      expect(problems[0]).toStartWith(problem);
    }
  });

  test("the work for the lowest risk is no more than the work for the highest", () => {
    expect(problemsOf(() => checkSettings({ accounts: { step_up_level: 5 } }, "/"))).toEqual([
      "accounts.step_up_level is 5, and accounts.step_up_max_level is 4: no work can be both",
    ]);
  });

  test("trusted proxies are addresses or blocks, and the internal secret is one of its own", () => {
    const backend = (value: object): readonly string[] => problemsOf(() => checkSettings({ backend: value }, "/"));
    expect(backend({ trusted_proxies: ["10.0.0.0/8", "::1"] })).toEqual([]);
    expect(backend({ trusted_proxies: ["10.0.0.0/40"] })[0]).toStartWith(
      'backend.trusted_proxies.0 is "10.0.0.0/40": must be an IP address or a CIDR block',
    );
    expect(backend({ api_secret: goodSecret, internal_secret: goodSecret })[0]).toStartWith(
      "backend.internal_secret is the same as backend.api_secret",
    );
    const closed = problemsOf(() => checkSettings({ accounts: { registration: "invitation" } }, "/"));
    expect(closed).toEqual([
      'accounts.registration is "invitation", but backend.internal_secret is empty: nobody could make an invitation without it',
    ]);
    expect(backend({ internal_secret: "short" })[0]).toStartWith("backend.internal_secret (5 characters): too weak");
  });

  test("secrets are not shown in messages", () => {
    const input = {
      backend: { api_secret: "swordfish" },
      mysql: { pass_word: 7 },
      rabbitmq: { url: "user:swordfish@x" },
    };
    expect(problemsOf(() => checkSettings(input, "/")).join()).not.toMatch(/swordfish|7:/);
  });

  test("a relative data folder starts from the folder of the file", () => {
    inFolder('{ "data_dir": "kept" }', (file, folder) => {
      expect(loadSettings(file, {}).data_dir).toBe(join(folder, "kept"));
    });
    expect(checkSettings({ data_dir: "/var/lib/seckill" }, "/etc").data_dir).toBe("/var/lib/seckill");
  });

  test("a file that is missing or not JSON is named", () => {
    expect(problemsOf(() => loadSettings("/no/such/config.json", {}))).toEqual([
      "/no/such/config.json cannot be read: ENOENT",
    ]);
    inFolder("{ backend: }", (file) => {
      expect(problemsOf(() => loadSettings(file, {}))[0]).toStartWith(
        `${file}, line 1, column 3: the file is not valid JSON: `,
      );
    });
  });

  test("the environment overrides secrets, and is checked like the file", () => {
    inFolder('{ "mysql": { "host": "db" } }', (file) => {
      const environment = { SECKILL_API_SECRET: goodSecret, SECKILL_MYSQL_PASS_WORD: "from outside" };
      const settings = loadSettings(file, environment);
      expect([settings.backend.api_secret, settings.mysql.pass_word]).toEqual([goodSecret, "from outside"]);
      expect(problemsOf(() => loadSettings(file, { SECKILL_API_SECRET: "weak" }))[0]).toContain("too weak");
    });
  });
});
