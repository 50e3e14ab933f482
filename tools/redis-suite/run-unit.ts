import { join } from "node:path";
import { repositoryFolder } from "../source-files.ts";
import { freePort, startProcess, startRedisServer, temporaryFolder } from "../test-services/index.ts";
import { runBounded } from "./run-bounded.ts";
import { suiteCopy } from "./suite-source.ts";
import { readSentinelOutput, readUnitOutput, type UnitOutcome } from "./unit-output.ts";
import { skippedTests, type UnitRun } from "./units.ts";

/** Only integration/replication takes longer than about two minutes; a unit that hangs says so itself, after `idleSeconds` without a test. */
const unitTimeoutMs = 30 * 60_000;
const idleSeconds = 300;

/** The arguments of redis-server when Redis's own project runs its suite against an external server. */
const directives = ["--save", "", "--enable-debug-command", "yes", "--enable-protected-configs", "yes"];

const sentinelPrefix = "sentinel/";

export interface RunUnitOptions {
  /** As the suite names it: "unit/type/list". */
  readonly unit: string;
  readonly run: UnitRun;
  /** The source tree of Redis. */
  readonly source: string;
  /** The real redis-server in place of MyRedis: what the suite says of the server it was written for. */
  readonly peer: boolean;
  /** Only tests of this name, or, after a slash, that match this expression. */
  readonly only: string | undefined;
}

/** Runs one unit against a server of its own, since units leave settings behind, or with servers that it starts. */
export async function runUnit(options: RunUnitOptions): Promise<UnitOutcome & { output: string }> {
  const { run, peer } = options;
  if (options.unit.startsWith(sentinelPrefix)) return runSentinelUnit(options);
  if (run.servers !== undefined) return runSuite(options, []);
  const server = peer ? await startRedisServer({ args: directives }) : await startMyRedis(run.directives ?? []);
  try {
    return await runSuite(options, ["--host", "127.0.0.1", "--port", `${server.port}`]);
  } finally {
    await server.stop();
  }
}

/** One unit of the tests of Sentinel. They start servers and Sentinels at ports that they choose. */
async function runSentinelUnit({ unit, run, source }: RunUnitOptions): Promise<UnitOutcome & { output: string }> {
  const { output, exitCode } = await runBounded({
    cmd: ["./runtest-sentinel", "--single", unit.slice(sentinelPrefix.length)],
    cwd: suiteCopy(source, run),
    timeoutMs: unitTimeoutMs,
  });
  const outcome = readSentinelOutput(output);
  const broken = exitCode === undefined ? `not done after ${unitTimeoutMs / 60_000} minutes` : outcome.broken;
  return { ...outcome, broken, output };
}

async function runSuite(
  { unit, run, source, peer, only }: RunUnitOptions,
  place: readonly string[],
): Promise<UnitOutcome & { output: string }> {
  // The suite's own processes listen a little below this port, and the servers that it starts above it.
  const ports = ["--baseport", `${await freePort()}`, ...(run.servers === undefined ? [] : ["--portcount", "500"])];
  const limits = ["--durable", "--timeout", `${idleSeconds}`, ...(only === undefined ? [] : ["--only", only])];
  const skipped = peer ? [] : Object.keys(skippedTests[unit] ?? {}).flatMap((name) => ["--skiptest", name]);
  const cmd = ["./runtest", ...place, ...ports, "--single", unit, ...limits, ...skipped, ...(run.suiteArguments ?? [])];
  const { output, exitCode } = await runBounded({
    cmd: cmd as [string, ...string[]],
    cwd: suiteCopy(source, run),
    timeoutMs: unitTimeoutMs,
  });
  const outcome = readUnitOutput(output);
  const broken = exitCode === undefined ? `not done after ${unitTimeoutMs / 60_000} minutes` : outcome.broken;
  return { ...outcome, broken, output };
}

async function startMyRedis(added: readonly string[]): Promise<{ port: number; stop(): Promise<unknown> }> {
  const main = join(repositoryFolder, "my_redis", "main.ts");
  const place = ["--port", "0", "--bind", "127.0.0.1", "--dir", temporaryFolder("redis-suite-data")];
  const started = await startProcess({
    cmd: [process.execPath, main, ...place, ...directives, "--appendonly", "no", ...added],
    readyWhen: /Ready to accept connections[^\n]*:(\d+)/,
  });
  return { port: Number(started.readyMatch?.[1]), stop: () => started.stop() };
}
