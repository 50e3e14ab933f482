import { join } from "node:path";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { startProcess, temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { mainFile, type MyRedisProcess, startMyRedis } from "../crash/my-redis-process.ts";
import { CountingWriters } from "./counting-writers.ts";
import { type Fault, FaultInjector, injectedIn, pathsOf, straceWords } from "./fault-injector.ts";

/** What the server does while its storage fails. */
export const actions = [
  "write",
  "rewrite",
  "save",
  "background save",
  "begin the log",
  "end the log",
  "start",
  "end",
] as const;

export interface FaultPlan {
  readonly faults: readonly Fault[];
  readonly action: (typeof actions)[number];
  readonly policy: "always" | "everysec" | "no";
  /**
   * Only for "write" and "rewrite": a limit on the size of files, this many bytes above the log's, so that writes are
   * cut short.
   */
  readonly shortWriteBytes?: number | undefined;
  /** Waits until a call has failed, however long that takes. A random plan may not make any call fail. */
  readonly waitsForFault?: boolean;
}

export interface FaultOutcome {
  /** Calls that failed. */
  readonly injected: number;
  readonly refusals: ReadonlyMap<string, number>;
  readonly acknowledged: number;
  /** The server refused writes until it was started again, as it does after a failed sync. */
  readonly refusesUntilRestart: boolean;
}

const writers = 4;
const faultyMs = 250;
const untilRestart = /cannot be synced; writes are refused until restart/;

/**
 * Runs a server whose storage fails for a while. Throws when it ends by itself, loses an acknowledged write, does not
 * accept writes again although it should, or cannot be started afterwards.
 */
export async function runFaultRound(plan: FaultPlan): Promise<FaultOutcome> {
  const dir = temporaryFolder("faults");
  const counting = new CountingWriters(writers);
  const server = await startMyRedis(dir, {
    appendfsync: plan.policy,
    appendonly: plan.action === "begin the log" ? "no" : "yes",
    save: "",
  });
  counting.start(server.port);
  await waitUntil(() => counting.acknowledged > 50, { what: "writes", timeoutMs: 10_000 });
  const base = baseNamed(dir);
  const injected =
    plan.action === "start" ? await failToStart(plan, dir, server, counting) : await fail(plan, dir, server, counting);
  const refusesUntilRestart = untilRestart.test(server.process.stdout());
  if (plan.action !== "end" && plan.action !== "start") {
    // A log that has ended refuses nothing. The next one holds all data in a base of its own.
    const refuses = refusesUntilRestart && plan.action !== "end the log";
    await expectRecovery(server, counting, refuses);
    const begins = plan.action === "begin the log" || plan.action === "end the log";
    if (begins && !refuses) await beginLog(dir, server, base);
  }
  await counting.stop();
  await server.process.kill("SIGKILL");
  await expectAllThere(dir, counting);
  const { acknowledged, refusals } = counting;
  return { injected, refusals, acknowledged, refusesUntilRestart };
}

/** Lets the storage of a running server fail during the action. Returns the number of failed calls. */
async function fail(plan: FaultPlan, dir: string, server: MyRedisProcess, counting: CountingWriters): Promise<number> {
  const { pid } = server.process;
  const injector = await FaultInjector.attach(pid, plan.faults, pathsOf(dir, pid, plan.faults));
  if (plan.shortWriteBytes !== undefined) {
    // The log must not grow between the look at its size and the limit.
    await counting.stop();
    limitFiles(pid, `${logBytes(dir) + plan.shortWriteBytes}`);
    counting.start(server.port);
  }
  await act(plan.action, server);
  if (plan.waitsForFault === true) {
    await waitUntil(() => injector.injected > 0, { what: "a call that fails", timeoutMs: 20_000 });
  }
  await Bun.sleep(faultyMs);
  if (plan.shortWriteBytes !== undefined) limitFiles(pid, "unlimited");
  const injected = await injector.end();
  if (plan.action !== "end" && server.process.exit !== undefined) {
    throw new Error(`the server ended by itself: ${server.process.stdout()}${server.process.stderr()}`);
  }
  if (plan.action === "end") await server.process.exited;
  return injected;
}

const limitFiles = (pid: number, bytes: string): void => {
  const run = Bun.spawnSync(["prlimit", "--pid", `${pid}`, `--fsize=${bytes}:unlimited`]);
  if (run.exitCode !== 0) throw new Error(run.stderr.toString());
};

const logBytes = (dir: string): number =>
  Math.max(
    ...readdirSync(join(dir, "appendonlydir"))
      .filter((name) => name.endsWith(".aof"))
      .map((name) => statSync(join(dir, "appendonlydir", name)).size),
  );

async function act(action: FaultPlan["action"], server: MyRedisProcess): Promise<void> {
  const commands = {
    rewrite: ["BGREWRITEAOF"],
    save: ["SAVE"],
    "background save": ["BGSAVE"],
    "begin the log": ["CONFIG", "SET", "appendonly", "yes"],
    "end the log": ["CONFIG", "SET", "appendonly", "no"],
    end: ["SHUTDOWN", "SAVE", "FORCE"],
    write: undefined,
    start: undefined,
  };
  const command = commands[action];
  if (command === undefined) return;
  const connection = await server.connect();
  // An error, and a lost connection, are among the outcomes.
  await connection.reply(...command).catch(() => undefined);
  connection.close();
}

/** Starts a second process on the folder of a killed one, with a storage that fails from the beginning. */
async function failToStart(
  plan: FaultPlan,
  dir: string,
  server: MyRedisProcess,
  counting: CountingWriters,
): Promise<number> {
  await server.process.kill("SIGKILL");
  await counting.stop();
  const trace = join(temporaryFolder("strace"), "trace");
  // The number of the process is not known yet: its own temporary files cannot be named.
  const words = straceWords(plan.faults, pathsOf(dir, 0, plan.faults), trace);
  const started = await startProcess({
    cmd: ["strace", ...words, process.execPath, mainFile, "--port", "0", "--dir", dir, "--appendonly", "yes"],
  });
  await Promise.race([
    started.exited,
    waitUntil(() => started.stdout().includes("Ready to accept"), { what: "the start", timeoutMs: 30_000 }).catch(
      () => {},
    ),
  ]);
  await Bun.sleep(50);
  if (started.exit !== undefined && started.exit.code !== 1) throw new Error(`ended with ${started.exit.code}`);
  if (started.stderr().includes("\n    at ")) throw new Error(`a refused start showed its stack: ${started.stderr()}`);
  await started.kill("SIGKILL");
  return injectedIn(trace);
}

async function expectRecovery(server: MyRedisProcess, counting: CountingWriters, refuses: boolean): Promise<void> {
  if (refuses) {
    const connection = await server.connect();
    const reply = String((await connection.reply("SET", "probe", "1")).text);
    connection.close();
    if (!reply.startsWith("MISCONF")) throw new Error(`after a failed sync a write was answered with ${reply}`);
  } else {
    const before = counting.acknowledged;
    await waitUntil(() => counting.acknowledged > before + 50, { what: "writes after the faults", timeoutMs: 15_000 });
  }
}

/**
 * Begins a log, by asking again as long as it could not be begun. Nothing is promised until the manifest names the base
 * of this log, which is not `earlierBase`.
 */
async function beginLog(dir: string, server: MyRedisProcess, earlierBase: string | undefined): Promise<void> {
  const connection = await server.connect();
  const isBegun = async (): Promise<boolean> => {
    await connection.reply("CONFIG", "SET", "appendonly", "yes");
    const info = String((await connection.reply("INFO", "persistence")).text);
    const base = baseNamed(dir);
    const isNamed = base !== undefined && base !== earlierBase;
    return isNamed && /aof_enabled:1\r/.test(info) && /aof_rewrite_in_progress:0\r/.test(info);
  };
  await waitUntil(isBegun, { what: "the log", timeoutMs: 15_000 });
  connection.close();
}

/** The file that the manifest names as the base of the log. */
function baseNamed(dir: string): string | undefined {
  const manifest = join(dir, "appendonlydir", "appendonly.aof.manifest");
  if (!existsSync(manifest)) return undefined;
  return /^file (\S+) seq \d+ type b/m.exec(readFileSync(manifest, "latin1"))?.[1];
}

/** The folder can be loaded, has every acknowledged write, and can be written and rewritten. */
async function expectAllThere(dir: string, counting: CountingWriters): Promise<void> {
  const server = await startMyRedis(dir, { save: "" });
  const found = await counting.differences(server.port);
  if (found.length > 0) throw new Error(`acknowledged writes are lost: ${found.join("; ")}`);
  const connection = await server.connect();
  await connection.reply("BGREWRITEAOF");
  await waitUntil(async () => /aof_rewrites:1\r/.test(String((await connection.reply("INFO", "persistence")).text)), {
    what: "a rewrite after the faults",
    timeoutMs: 10_000,
  });
  connection.close();
  await server.process.kill("SIGKILL");
  const again = await startMyRedis(dir, { save: "" });
  const lost = await counting.differences(again.port);
  await again.process.kill("SIGKILL");
  if (lost.length > 0) throw new Error(`acknowledged writes are lost by a rewrite: ${lost.join("; ")}`);
}
