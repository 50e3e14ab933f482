import { GateConnection } from "../gate/gate-connection.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { SystemOptions } from "./system-options.ts";
import { externalGateServer } from "./system-parts.ts";

/**
 * Warns of servers that may lose what they have confirmed. A warning and no refusal: an operator may have decided so,
 * and a managed server may not let its settings be read.
 */
export async function warnOfLosses(options: SystemOptions, ledger: Ledger): Promise<void> {
  const { logger } = options;
  const risk = await ledger.durabilityRisk();
  if (risk !== undefined) logger.warn("the ledger may lose orders", { reason: risk });
  for (const reason of await gateRisks(options)) logger.warn("the gate may lose reservations", { reason });
}

/** Asks an external gate. Of a cluster, it asks one node. */
async function gateRisks({ role, settings, logger }: SystemOptions): Promise<string[]> {
  const server = externalGateServer(settings);
  // One role is enough, and the gateway is the one that takes reservations.
  if (server === undefined || (role !== "gateway" && role !== "all")) return [];
  const connection = new GateConnection(server, { timeoutMs: settings.limits.gate_timeout_ms, logger });
  try {
    const values = new Map<string, string>();
    for (const pattern of ["append*", "maxmemory-policy"]) {
      const reply = (await connection.command("CONFIG", "GET", pattern)) as readonly string[];
      for (let index = 0; index + 1 < reply.length; index += 2) values.set(reply[index]!, reply[index + 1]!);
    }
    return [durabilityRisk(values), evictionRisk(values)].filter((risk) => risk !== undefined);
  } catch (error) {
    logger.debug("the gate's settings cannot be read", { reason: String(error) });
    return [];
  } finally {
    await connection.close();
  }
}

export type ServerSettings = ReadonlyMap<string, string>;

export function durabilityRisk(values: ServerSettings): string | undefined {
  if (values.get("appendonly") !== "yes") return "appendonly is not yes: a restart of the gate loses reservations";
  const fsync = values.get("appendfsync");
  if (fsync === "always") return undefined;
  return `appendfsync is ${fsync}, not always: a power failure loses reservations whose buyers got 202`;
}

/** All keys of the gate have an expiry, so the volatile policies evict them too. */
export function evictionRisk(values: ServerSettings): string | undefined {
  const policy = values.get("maxmemory-policy");
  if (policy === undefined || policy === "noeviction") return undefined;
  return `maxmemory-policy is ${policy}, not noeviction: a server that is full deletes reservations`;
}
