import type { GateServer } from "../gate/gate-connection.ts";
import type { Gate } from "../gate/gate.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Logger } from "../logging/logger.ts";
import type { ReservationQueue } from "../queue/queue.ts";
import { hasNoGate, isEmbedded, isGateEmbedded } from "../settings/load-settings.ts";
import type { Settings } from "../settings/settings.ts";
import type { Clock } from "../time/clock.ts";
import { takeDataFolder } from "./data-folder.ts";
import { runningEmbeddedRedis, startEmbeddedRedis } from "./embedded-redis.ts";
import {
  externalGateServer,
  openGate,
  openLedger,
  openLedgerGate,
  openQueue,
  prepareLedger,
  secretsOf,
} from "./system-parts.ts";

interface SharedPartsOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly clock: Clock;
}

export interface SharedParts {
  readonly ledger: Ledger;
  /** Undefined if an embedded gate is not to be found. */
  readonly gate: Gate | undefined;
  /** Undefined if it is embedded and belongs to a running system, or where the ledger decides. */
  readonly queue: ReservationQueue | undefined;
}

/**
 * The parts of a system, for `verify` and `repair` beside it. Connects to the embedded parts of a running system; opens
 * those of a stopped system in this process.
 */
export async function openSharedParts(
  options: SharedPartsOptions,
  cleanup: AsyncDisposableStack,
): Promise<SharedParts> {
  const { settings, logger, clock } = options;
  const ledger = openLedger(settings, clock.now);
  cleanup.defer(() => ledger.close());
  await prepareLedger(ledger, settings);
  if (hasNoGate(settings)) return { ledger, gate: openLedgerGate(ledger, settings), queue: undefined };
  const isShared = !isGateEmbedded(settings) && settings.rabbitmq.url !== "";
  const folder = isShared ? undefined : takeDataFolder(settings.data_dir);
  if (folder !== undefined) cleanup.defer(() => folder.release());
  const server = await gateServer(options, folder !== undefined, cleanup);
  const gate = server === undefined ? undefined : openGate(settings, server, logger);
  if (gate !== undefined) cleanup.defer(() => gate.close());
  if (settings.rabbitmq.url === "" && folder === undefined) return { ledger, gate, queue: undefined };
  const queue = openQueue(settings);
  cleanup.defer(() => queue.close());
  return { ledger, gate, queue };
}

async function gateServer(
  { settings, logger }: SharedPartsOptions,
  isStopped: boolean,
  cleanup: AsyncDisposableStack,
): Promise<GateServer | undefined> {
  const external = externalGateServer(settings);
  if (external !== undefined) return external;
  // A system that is not fully embedded has no kept secret; the settings contain one.
  const secret = isEmbedded(settings) ? secretsOf(settings)[0]! : settings.backend.api_secret;
  if (!isStopped) return runningEmbeddedRedis(settings.data_dir, secret);
  const embedded = await startEmbeddedRedis({ settings, secret, logger });
  cleanup.defer(() => embedded.close());
  return embedded.address;
}
