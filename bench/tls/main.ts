/**
 * What TLS costs MyRedis and redis-server: throughput and CPU time of the server for each request with and without it, and
 * a storm of handshakes while one client goes on asking.
 *
 *   npm run bench:tls -- [--no-save]
 *
 * redis-benchmark asks, 50 connections, without and with pipelining. Each run is a fresh process on a core of its own, and
 * the rounds alternate. openssl makes the certificates. The results are kept in bench/results/.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { freePort, temporaryFolder } from "../../tools/test-services/index.ts";
import { cpuTimeMs, joinResults, measuredOn, median, textTable } from "../measure.ts";
import { loadCores, ownCheckout, type Peer, startPeer } from "../redis/peers.ts";
import type { StormRun, StormTask } from "./storm-process.ts";
import type { TlsCost, TlsRow } from "./tls-row.ts";

const { values: options } = parseArgs({
  options: { save: { type: "boolean", default: true } },
  allowNegative: true,
});
const rounds = 3;
const stormConnections = 5000;
const loads = [
  { command: "set", pipeline: 1, requests: 150_000 },
  { command: "get", pipeline: 1, requests: 150_000 },
  { command: "set", pipeline: 16, requests: 600_000 },
  { command: "get", pipeline: 16, requests: 600_000 },
] as const;
const servers = ["redis-server", "MyRedis"] as const;

const folder = temporaryFolder("bench-tls");
const file = (name: string): string => join(folder, name);

function openssl(...words: string[]): void {
  execFileSync("openssl", words, { stdio: "pipe" });
}

function makeCertificates(): void {
  const newKey = ["-newkey", "rsa:2048", "-nodes"];
  openssl(
    "req",
    "-x509",
    ...newKey,
    "-keyout",
    file("ca.key"),
    "-out",
    file("ca.crt"),
    "-days",
    "2",
    "-subj",
    "/CN=ca",
  );
  for (const name of ["server", "client"]) {
    openssl("req", ...newKey, "-keyout", file(`${name}.key`), "-out", file("request"), "-subj", `/CN=${name}`);
    const signing = ["-CA", file("ca.crt"), "-CAkey", file("ca.key"), "-CAcreateserial", "-days", "2"];
    openssl("x509", "-req", "-in", file("request"), ...signing, "-out", file(`${name}.crt`));
  }
}

async function withPeer<Result>(name: Peer["name"], measure: (peer: Peer, tlsPort: number) => Promise<Result>) {
  const tlsPort = await freePort();
  const files = ["--tls-cert-file", file("server.crt"), "--tls-key-file", file("server.key")];
  const tls = ["--tls-port", `${tlsPort}`, ...files, "--tls-ca-cert-file", file("ca.crt"), "--maxclients", "10000"];
  const peer = await startPeer(name, false, ownCheckout, tls);
  try {
    return await measure(peer, tlsPort);
  } finally {
    await peer.stop();
  }
}

const clientFiles = ["--cacert", file("ca.crt"), "--cert", file("client.crt"), "--key", file("client.key")];

function costOfLoads(name: Peer["name"], isEncrypted: boolean): Promise<TlsCost[]> {
  return withPeer(name, async (peer, tlsPort) => {
    /** Requests per second. */
    const ask = async (words: readonly string[]): Promise<number> => {
      const port = isEncrypted ? ["-p", `${tlsPort}`, "--tls", ...clientFiles] : ["-p", `${peer.port}`];
      const program = [
        "taskset",
        "-c",
        loadCores,
        "redis-benchmark",
        ...port,
        "-c",
        "50",
        "-r",
        "100000",
        "-q",
        ...words,
      ];
      const child = Bun.spawn(program, { stdout: "pipe", stderr: "inherit", timeout: 60_000 });
      const text = await new Response(child.stdout).text();
      if ((await child.exited) !== 0) throw new Error(`redis-benchmark failed with ${name}`);
      return Number(/([\d.]+) requests per second, p50/.exec(text)?.[1]);
    };
    // The runtime compiles what is hot.
    await ask(["-t", "set,get", "-n", "100000", "-P", "16"]);
    const found: TlsCost[] = [];
    for (const { command, pipeline, requests } of loads) {
      const before = cpuTimeMs(peer.pid);
      const perSecond = await ask(["-t", command, "-n", `${requests}`, "-P", `${pipeline}`]);
      found.push({ perSecond, cpuMicroseconds: ((cpuTimeMs(peer.pid) - before) * 1000) / requests });
    }
    return found;
  });
}

function storm(name: Peer["name"]): Promise<StormRun> {
  return withPeer(name, async ({ port }, tlsPort) => {
    const files = { ca: file("ca.crt"), cert: file("client.crt"), key: file("client.key") };
    const task: StormTask = { port, tlsPort, connections: stormConnections, ...files };
    const program = [process.execPath, `${import.meta.dirname}/storm-process.ts`, JSON.stringify(task)];
    const child = Bun.spawn(["taskset", "-c", loadCores, ...program], {
      stdout: "pipe",
      stderr: "inherit",
      timeout: 120_000,
    });
    const text = await new Response(child.stdout).text();
    if ((await child.exited) !== 0) throw new Error(`the storm on ${name} failed: ${text}`);
    return JSON.parse(text) as StormRun;
  });
}

makeCertificates();
const byScene = new Map<string, TlsCost[][]>();
for (let round = 0; round < rounds; round++) {
  for (const server of servers) {
    for (const isEncrypted of [false, true]) {
      const scene = `${server}, ${isEncrypted ? "TLS" : "plain"}`;
      byScene.set(scene, [...(byScene.get(scene) ?? []), await costOfLoads(server, isEncrypted)]);
    }
  }
}
const costs: TlsRow[] = [...byScene].flatMap(([scene, runs]) =>
  loads.map(({ command, pipeline }, index) => {
    const middle = (of: keyof TlsCost): number => median(runs.map((run) => (run[index] as TlsCost)[of]));
    const cost = { perSecond: middle("perSecond"), cpuMicroseconds: middle("cpuMicroseconds") };
    return { kind: "cost", scene, load: `${command.toUpperCase()}, ${pipeline} at a time`, cost };
  }),
);
console.log(
  textTable([
    ["", "", "requests/s", "CPU us"],
    ...costs.map((row) =>
      row.kind === "cost"
        ? [row.scene, row.load, row.cost.perSecond.toFixed(0), row.cost.cpuMicroseconds.toFixed(2)]
        : [],
    ),
  ]),
);
const storms: { readonly scene: string; readonly storm: StormRun }[] = [];
for (const server of servers) storms.push({ scene: server, storm: await storm(server) });
console.log("A storm of handshakes, and another client meanwhile:");
console.log(
  textTable([
    ["", "succeeded", "failed", "seconds", "other client p50 ms", "p99", "max"],
    ...storms.map(({ scene, storm: run }) => [
      scene,
      `${run.succeeded}`,
      `${run.failed}`,
      run.seconds.toFixed(1),
      ...(["p50", "p99", "max"] as const).map((name) => run.otherMs[name].toFixed(1)),
    ]),
  ]),
);
if (options.save) {
  const rows: TlsRow[] = [
    ...costs,
    ...storms.map((row) => ({ kind: "storm" as const, connections: stormConnections, ...row })),
  ];
  console.log(`kept in ${joinResults("tls", measuredOn(), rows)}`);
}
