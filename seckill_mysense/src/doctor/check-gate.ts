import { GateConnection } from "../gate/gate-connection.ts";
import type { Logger } from "../logging/logger.ts";
import { durabilityRisk, evictionRisk } from "../roles/durability.ts";
import { externalGateServer } from "../roles/system-parts.ts";
import type { Settings } from "../settings/settings.ts";
import { checkClock, type Clocks } from "./clocks.ts";
import { type Finding, Findings } from "./finding.ts";

const lost = "reservations whose buyers were told that they are in would be lost";

/** Nobody reads a log beside the findings. */
const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
/** Streams and scripts as the gate uses them are there from this version on. */
const oldestVersion = 6;

/** Looks at the gate's server; of a cluster, at one node. It writes nothing. */
export async function checkGate(settings: Settings, clocks: Clocks): Promise<Finding[]> {
  const findings = new Findings("gate");
  const server = externalGateServer(settings);
  if (server === undefined) return findings.all;
  const connection = new GateConnection(server, { timeoutMs: settings.limits.gate_timeout_ms, logger: silent });
  const ask = (...command: [string, ...string[]]): Promise<unknown> => connection.command(...command);
  try {
    await ask("PING");
    findings.ok("the server answers");
    await checkVersion(ask, findings);
    await checkRole(ask, findings);
    await checkScripts(ask, findings);
    await checkClock(findings, () => timeOf(ask), { clocks, settings });
    await checkKeeping(ask, findings);
  } catch (error) {
    describeFailure(findings, (error as Error).message, settings);
  } finally {
    await connection.close();
  }
  return findings.all;
}

type Ask = (...command: [string, ...string[]]) => Promise<unknown>;

function describeFailure(findings: Findings, message: string, { redis }: Settings): void {
  const key = redis.url === "" ? "redis.cluster" : "redis.url";
  if (/NOAUTH|WRONGPASS|AUTH/.test(message)) {
    const keys = redis.url === "" ? "redis.user_name and redis.pass_word" : "the user and password in redis.url";
    return findings.problem(`the server of ${key} refuses the login: ${message}`, {
      why: "without its gate nothing is sold",
      remedy: `correct ${keys}, or SECKILL_REDIS_URL and SECKILL_REDIS_PASS_WORD`,
    });
  }
  if (message.includes("NOPERM")) {
    return findings.problem(`the user of ${key} may not do what the gate needs: ${message}`, {
      why: "reservations are decided by scripts on the keys of the sale",
      remedy: "allow it in the server's ACL, with ACL SETUSER",
    });
  }
  findings.problem(`the server of ${key} cannot be asked: ${message}`, {
    why: "without its gate nothing is sold",
    remedy: `start the server, correct ${key}, or open the way to it in the firewall`,
  });
}

async function checkVersion(ask: Ask, findings: Findings): Promise<void> {
  const info = String(await ask("INFO", "server"));
  const field = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\r?$`, "m").exec(info)?.[1];
  const version = field("redis_version") ?? "";
  const name = field("server_name") ?? "redis";
  if (Number.parseInt(version, 10) >= oldestVersion) return findings.ok(`${name} ${version}`);
  findings.problem(`${name} ${version} is older than ${oldestVersion}`, {
    why: "the gate's scripts are tested with later servers alone",
    remedy: "use MyRedis, Valkey, or Redis 7",
  });
}

async function checkRole(ask: Ask, findings: Findings): Promise<void> {
  const info = String(await ask("INFO", "replication"));
  const role = /^role:(\w+)/m.exec(info)?.[1];
  if (role === "master") return findings.ok("it is a primary");
  findings.problem(`the server is a ${role} of another one`, {
    why: "a replica takes no writes, so that nothing is sold",
    remedy: "name the primary in redis.url, or let the replica take over with REPLICAOF NO ONE",
  });
}

async function checkScripts(ask: Ask, findings: Findings): Promise<void> {
  const reply = await ask("EVAL", "return ARGV[1]", "0", "ready");
  if (reply === "ready") return findings.ok("it runs scripts");
  findings.problem(`a script that returns "ready" returned ${JSON.stringify(reply)}`, {
    why: "the gate is made of scripts",
    remedy: "use a server that runs Lua scripts as Redis does",
  });
}

async function timeOf(ask: Ask): Promise<number> {
  const [seconds, microseconds] = (await ask("TIME")) as [string, string];
  return Number(seconds) * 1_000 + Number(microseconds) / 1_000;
}

/** Whether the server keeps what it has confirmed, through a restart and when its memory is full. */
async function checkKeeping(ask: Ask, findings: Findings): Promise<void> {
  const values = new Map<string, string>();
  try {
    for (const pattern of ["append*", "maxmemory*"]) {
      const reply = (await ask("CONFIG", "GET", pattern)) as readonly string[];
      for (let index = 0; index + 1 < reply.length; index += 2) values.set(reply[index]!, reply[index + 1]!);
    }
  } catch (error) {
    return findings.warning(`its settings cannot be read: ${(error as Error).message}`, {
      why: "whether it keeps reservations through a restart is not known",
      remedy: "make sure of appendonly yes, appendfsync always and maxmemory-policy noeviction by other means",
    });
  }
  const loss = durabilityRisk(values);
  if (loss === undefined) findings.ok("it writes each reservation to its disk before it confirms it");
  else findings.warning(loss, { why: lost, remedy: "CONFIG SET appendonly yes, and appendfsync always" });
  const eviction = evictionRisk(values);
  if (eviction === undefined) findings.ok("it deletes nothing when its memory is full");
  else findings.problem(eviction, { why: lost, remedy: "CONFIG SET maxmemory-policy noeviction" });
}
