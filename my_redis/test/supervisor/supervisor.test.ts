import { afterEach, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  freePort,
  processIsAlive,
  startProcess,
  type StartedProcess,
  temporaryFolder,
  waitUntil,
} from "../../../tools/test-services/index.ts";
import { NodesError, startNodes } from "../../index.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";

const main = join(import.meta.dir, "../../main.ts");
const started: StartedProcess[] = [];
afterEach(async () => {
  for (const each of started.splice(0)) await each.stop();
});

async function startProgram(port: number, folder: string, words: readonly string[] = []): Promise<StartedProcess> {
  const directives = ["--nodes", "3", "--port", `${port}`, "--dir", folder, "--appendonly", "yes"];
  const process_ = await startProcess({
    cmd: [process.execPath, main, ...directives, ...words],
    readyWhen: /nodes of one ring are ready: ([^\n]*)/,
  });
  started.push(process_);
  return process_;
}

async function ask(port: number, ...words: [string, ...string[]]): Promise<string> {
  const connection = await RespConnection.open(port, "MyRedis");
  try {
    return (await connection.reply(...words)).text ?? "";
  } finally {
    connection.close();
  }
}

const pidOf = async (port: number): Promise<number> =>
  Number(/process_id:(\d+)/.exec(await ask(port, "INFO", "server"))?.[1]);

test("three nodes run with a folder each, and one that is killed comes back with its data", async () => {
  const port = await freePort(3);
  const folder = temporaryFolder("nodes");
  const supervisor = await startProgram(port, folder, ["--appendfsync", "always", "--cluster-node-timeout", "1000"]);
  expect(supervisor.readyMatch?.[1]).toBe([0, 1, 2].map((step) => `127.0.0.1:${port + step}`).join(" "));
  for (let step = 0; step < 3; step++)
    expect(existsSync(join(folder, `node-${port + step}`, "appendonlydir"))).toBe(true);
  const pids = await Promise.all([0, 1, 2].map((step) => pidOf(port + step)));
  expect(new Set(pids).size).toBe(3);

  for (let key = 0; key < 30; key++) expect(await ask(port, "SET", `key:${key}`, `${key}`)).toBe("OK");
  const victim = pids[1] as number;
  process.kill(victim, "SIGKILL");
  await waitUntil(async () => (await pidOf(port + 1).catch(() => victim)) !== victim, {
    what: "the killed node's return",
    timeoutMs: 30_000,
  });
  expect(supervisor.stdout()).toMatch(/died \(SIGKILL\) and is started again in 100 ms/);
  // Read through another node, after that node has found the restarted one.
  const found = () => Promise.all(Array.from({ length: 30 }, (_, key) => ask(port + 2, "GET", `key:${key}`)));
  await waitUntil(async () => !(await found()).some((text) => text.startsWith("CLUSTERDOWN")), {
    what: "the keys of the killed node",
    timeoutMs: 30_000,
  });
  expect(await found()).toEqual(Array.from({ length: 30 }, (_, key) => `${key}`));
}, 60_000);

test("SIGTERM to the program ends all nodes regularly, and SHUTDOWN of one node only that one", async () => {
  const port = await freePort(3);
  const supervisor = await startProgram(port, temporaryFolder("nodes"));
  const pids = await Promise.all([0, 1, 2].map((step) => pidOf(port + step)));
  await ask(port + 2, "SHUTDOWN", "NOSAVE").catch(() => "");
  await waitUntil(() => !processIsAlive(pids[2] as number), { what: "the node's end by SHUTDOWN", timeoutMs: 30_000 });
  expect(await pidOf(port)).toBe(pids[0] as number);
  await supervisor.stop();
  expect(supervisor.exit?.code).toBe(0);
  expect(pids.filter((pid) => processIsAlive(pid))).toEqual([]);
  expect(supervisor.stdout()).not.toContain("is started again");
}, 60_000);

test("nodes do not outlive a program that was killed, which can be started again at once", async () => {
  const port = await freePort(3);
  const folder = temporaryFolder("nodes");
  for (let round = 0; round < 3; round++) {
    const supervisor = await startProgram(port, folder);
    const pids = await Promise.all([0, 1, 2].map((step) => pidOf(port + step)));
    // Kills the supervisor alone; its nodes must notice that themselves.
    process.kill(supervisor.pid, "SIGKILL");
    const next = await startProgram(port, folder);
    await waitUntil(() => pids.every((pid) => !processIsAlive(pid)), {
      what: "the end of the orphaned nodes",
      timeoutMs: 30_000,
    });
    await next.stop();
  }
}, 60_000);

test("a node that cannot start ends the program with 1, and its own message says why", async () => {
  const port = await freePort(3);
  const taken = Bun.listen({ hostname: "127.0.0.1", port: port + 1, socket: { data() {} } });
  const words = ["--nodes", "3", "--port", `${port}`, "--dir", temporaryFolder("nodes")];
  const refused = await startProcess({ cmd: [process.execPath, main, ...words] });
  started.push(refused);
  await refused.exited;
  taken.stop(true);
  expect(refused.exit?.code).toBe(1);
  expect(refused.stderr()).toContain(`127.0.0.1:${port + 1}: bind: Address already in use`);
  expect(refused.stderr()).toContain(`node 127.0.0.1:${port + 1} did not start`);
}, 60_000);

test("an embedding program can start nodes, with a password that no command line shows", async () => {
  const port = await freePort(3);
  const dir = temporaryFolder("nodes");
  const secret = 'a "secret" word';
  const running = await startNodes({
    nodes: 2,
    port,
    dir,
    directives: { requirepass: secret, masterauth: secret, appendonly: true, hz: 20 },
  });
  try {
    expect(running.nodes.map(({ name }) => name)).toEqual([`127.0.0.1:${port}`, `127.0.0.1:${port + 1}`]);
    expect(await ask(port + 1, "AUTH", secret)).toBe("OK");
    expect(await ask(port, "PING")).toStartWith("NOAUTH");
    expect(readFileSync(`/proc/${running.pid(0)}/cmdline`, "latin1")).not.toContain("secret");
    expect(existsSync(join(dir, `node-${port}`, "appendonlydir"))).toBe(true);
    expect(readFileSync(join(dir, `node-${port}`, "my-redis.log"), "utf8")).toContain("Ready to accept connections");
  } finally {
    await running.close();
  }
  expect(running.pid(0)).toBeUndefined();
}, 60_000);

test("close() of nodes ends all of them, and names each whose last snapshot could not be written", async () => {
  const port = await freePort(3);
  const dir = temporaryFolder("nodes");
  const running = await startNodes({ nodes: 3, port, dir, directives: { save: "3600 1" } });
  for (let key = 0; key < 30; key++) expect(await ask(port, "SET", `key:${key}`, `${key}`)).toBe("OK");
  for (const step of [0, 2]) rmSync(join(dir, `node-${port + step}`), { recursive: true });
  const error = await running.close().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(NodesError);
  const unwritten = "the last snapshot, .*dump.rdb, could not be written: .*ENOENT";
  const reasons = (error as NodesError).message.split("; ").toSorted();
  expect(reasons).toEqual([
    expect.stringMatching(new RegExp(`^node 127.0.0.1:${port}: ${unwritten}`)),
    expect.stringMatching(new RegExp(`^node 127.0.0.1:${port + 2}: ${unwritten}`)),
  ]);
  await expect(running.closed).rejects.toThrow(`node 127.0.0.1:${port}: `);
  expect([0, 1, 2].map((step) => running.pid(step))).toEqual([undefined, undefined, undefined]);
  expect(existsSync(join(dir, `node-${port + 1}`, "dump.rdb"))).toBe(true);
}, 60_000);

test("a program of nodes that could not write a last snapshot removes its pid file and ends with 1", async () => {
  const port = await freePort(3);
  const folder = temporaryFolder("nodes");
  const pidfile = join(temporaryFolder("pid"), "nodes.pid");
  const supervisor = await startProgram(port, folder, ["--appendonly", "no", "--save", "3600 1", "--pidfile", pidfile]);
  for (let key = 0; key < 30; key++) expect(await ask(port, "SET", `key:${key}`, `${key}`)).toBe("OK");
  expect(existsSync(pidfile)).toBe(true);
  rmSync(join(folder, `node-${port + 1}`), { recursive: true });
  process.kill(supervisor.pid, "SIGINT");
  await supervisor.exited;
  expect(supervisor.exit?.code).toBe(1);
  expect(supervisor.stderr()).toMatch(new RegExp(`node 127.0.0.1:${port + 1}: the last snapshot, .* ENOENT`));
  expect(existsSync(pidfile)).toBe(false);
}, 60_000);
