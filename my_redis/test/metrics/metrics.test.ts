import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  freePort,
  requiredProgram,
  requireService,
  startProcess,
  waitUntil,
} from "../../../tools/test-services/index.ts";
import { type RunningServer, startServer } from "../../index.ts";
import { metricsText } from "../../src/metrics/metrics-text.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";

const exporter = requireService("redisExporter");

interface Metrics {
  /** By name and labels. */
  readonly samples: ReadonlyMap<string, number>;
  readonly types: ReadonlyMap<string, string>;
}

const sampleLine = /^(redis_[a-z0-9_]+)(\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*\})? (\S+)$/;

/** Reads the text format, and fails for a line that does not follow it, or a sample that comes twice. */
function readMetrics(text: string): Metrics {
  const samples = new Map<string, number>();
  const types = new Map<string, string>();
  for (const line of text.trimEnd().split("\n")) {
    const type = /^# TYPE (\S+) (gauge|counter|summary|histogram)$/.exec(line);
    if (type !== null) types.set(type[1] as string, type[2] as string);
    if (line.startsWith("#")) continue;
    const [, name = "", labels = "", value] = sampleLine.exec(line) ?? [];
    const key = name + labels;
    expect([line, Number.isNaN(Number(value)), samples.has(key)]).toEqual([line, false, false]);
    samples.set(key, Number(value));
  }
  return { samples, types };
}

let server: RunningServer;
let connection: RespConnection;
let url: string;

beforeAll(async () => {
  const metricsPort = await freePort();
  server = await startServer({ port: 0, memory: true, "metrics-port": metricsPort, "metrics-bind": ["127.0.0.1"] });
  url = `http://127.0.0.1:${metricsPort}/metrics`;
  connection = await RespConnection.open(server.port, "MyRedis");
  await connection.replies([
    ["SET", "a", "1", "EX", "100"],
    ["SET", "b", "1"],
    ["GET", "a"],
    ["GET", "none"],
    ["INCR", "a", "b"],
    ["LPUSH", "a", "b"],
  ]);
});
afterAll(async () => {
  connection.close();
  await server.close();
});

describe("the port for Prometheus", () => {
  test("gives the figures of INFO in the text format, each metric with its type", async () => {
    const reply = await fetch(url);
    expect([reply.status, reply.headers.get("content-type")]).toEqual([
      200,
      "text/plain; version=0.0.4; charset=utf-8",
    ]);
    const { samples, types } = readMetrics(await reply.text());
    for (const key of samples.keys()) expect([key, types.has(key.replace(/\{.*/, ""))]).toEqual([key, true]);
    const expected = {
      redis_up: 1,
      redis_connected_clients: 1,
      'redis_db_keys{db="db0"}': 2,
      'redis_db_keys_expiring{db="db0"}': 1,
      'redis_commands_total{cmd="set"}': 2,
      'redis_commands_failed_calls_total{cmd="lpush"}': 1,
      'redis_commands_rejected_calls_total{cmd="incr"}': 1,
      'redis_errors_total{err="WRONGTYPE"}': 1,
      redis_keyspace_hits_total: 1,
      redis_keyspace_misses_total: 1,
      redis_total_error_replies: 2,
    };
    for (const [key, value] of Object.entries(expected)) expect([key, samples.get(key)]).toEqual([key, value]);
    expect([...samples.keys()].filter((key) => key.startsWith("redis_instance_info"))).toEqual([
      expect.stringContaining('role="master",redis_version="7.2.0"'),
    ]);
  });

  test("answers GET and HEAD of /metrics alone", async () => {
    expect((await fetch(url, { method: "HEAD" })).status).toBe(200);
    const refused = await fetch(url, { method: "POST", body: "x" });
    expect([refused.status, refused.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    expect((await fetch(url.replace("/metrics", "/"))).status).toBe(404);
    expect((await fetch(`${url}?name=value`)).status).toBe(200);
  });

  test("is closed with the server, and refuses the start where it is taken", async () => {
    const port = await freePort();
    const options = { port: 0, memory: true, "metrics-port": port, "metrics-bind": ["127.0.0.1"] } as const;
    const first = await startServer(options);
    await expect(startServer(options)).rejects.toThrow(`127.0.0.1:${port}: bind: Address already in use`);
    expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(200);
    await first.close();
    await expect(fetch(`http://127.0.0.1:${port}/metrics`)).rejects.toThrow();
  });

  test("quotes labels that contain anything", () => {
    const text = metricsText([["errorstats", [['errorstat_A"\\\n', "count=3"]]]]);
    expect(text).toContain('redis_errors_total{err="A\\"\\\\\\n"} 3\n');
    expect(readMetrics(text).samples.size).toBe(3);
  });
});

/** Metrics about the exporter itself, about what MyRedis has no figure for, or that it only learns by other commands than INFO. */
const notHere = [
  /^redis_exporter_/,
  /^redis_target_scrape_/,
  /^redis_last_key_groups_scrape_/,
  // Constants here: nothing is defragmented, no process is forked, no thread reads, and no module is loaded.
  /^redis_(active_)?defrag/,
  /^redis_(io_threads_active|config_io_threads|module_fork|aof_last_cow|rdb_last_cow|cpu_.*_children)/,
  // Of the slow log and of CONFIG.
  /^redis_(slowlog_|last_slow_|config_maxmemory|start_time_seconds)/,
  // Ratios of MyRedis's own blocks, which INFO has, too.
  /^redis_(allocator_frag_|mem_fragmentation_bytes)/,
  // redis_exporter makes a summary of the percentiles; here each is a gauge of its own.
  /^redis_latency_percentiles_usec/,
];
/** They go on while the two are asked one after the other. */
const moving =
  /^redis_(commands_|cpu_|memory_|mem_|net_|total_|uptime|connect|db_avg|instance_info|connections_|keyspace_|allocator)/;

describe.skipIf(exporter.missing)(`Debian's prometheus-redis-exporter${exporter.reason}`, () => {
  test("scrapes the server without an error, and has the names, types and values of the server's own metrics", async () => {
    const port = await freePort();
    const address = `127.0.0.1:${port}`;
    const started = await startProcess({
      cmd: [
        requiredProgram("redisExporter"),
        "-redis.addr",
        server.url,
        "-web.listen-address",
        address,
        "-include-system-metrics",
      ],
    });
    const scrape = async (): Promise<string> => (await fetch(`http://${address}/metrics`)).text();
    await waitUntil(
      () =>
        scrape().then(
          (text) => text.includes("redis_up 1"),
          () => false,
        ),
      {
        what: "the exporter",
        timeoutMs: 10_000,
      },
    );
    const theirs = readMetrics((await scrape()).replaceAll(/^(?!#? ?(TYPE |HELP )?redis_).*\n/gm, ""));
    const ours = readMetrics(await (await fetch(url)).text());
    expect(theirs.samples.get('redis_exporter_last_scrape_error{err=""}')).toBe(0);
    const shared = [...theirs.samples].filter(([key]) => !notHere.some((each) => each.test(key)));
    expect(shared.length).toBeGreaterThan(80);
    for (const [key, value] of shared) {
      if (/\{db="db([1-9]|1\d)"\}$/.test(key) || key.startsWith("redis_instance_info")) continue;
      expect([key, ours.samples.has(key)]).toEqual([key, true]);
      const name = key.replace(/\{.*/, "");
      expect([name, ours.types.get(name)]).toEqual([name, theirs.types.get(name) as string]);
      if (!moving.test(key)) expect([key, ours.samples.get(key)]).toEqual([key, value]);
    }
    expect(started.stderr() + started.stdout()).not.toMatch(/level=error/);
    await started.stop();
  });
});
