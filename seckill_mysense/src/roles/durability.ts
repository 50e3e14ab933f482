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
  const gateRisk = await gateDurabilityRisk(options);
  if (gateRisk !== undefined) logger.warn("the gate may lose reservations", { reason: gateRisk });
}

/** Asks an external gate. Of a cluster, it asks one node. */
async function gateDurabilityRisk({ role, settings, logger }: SystemOptions): Promise<string | undefined> {
  const server = externalGateServer(settings);
  // One role is enough, and the gateway is the one that takes reservations.
  if (server === undefined || (role !== "gateway" && role !== "all")) return undefined;
  const connection = new GateConnection(server, { timeoutMs: settings.limits.gate_timeout_ms, logger });
  try {
    const reply = (await connection.command("CONFIG", "GET", "append*")) as readonly string[];
    const values = new Map<string, string>();
    for (let index = 0; index + 1 < reply.length; index += 2) values.set(reply[index]!, reply[index + 1]!);
    if (values.get("appendonly") !== "yes") return "appendonly is not yes: a restart of the gate loses reservations";
    if (values.get("appendfsync") === "always") return undefined;
    const fsync = values.get("appendfsync");
    return `appendfsync is ${fsync}, not always: a power failure loses reservations whose buyers got 202`;
  } catch (error) {
    logger.debug("the gate's settings cannot be read", { reason: String(error) });
    return undefined;
  } finally {
    await connection.close();
  }
}
