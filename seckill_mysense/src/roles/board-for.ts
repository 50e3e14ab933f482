import { brokerAddress } from "../queue/broker-failure.ts";
import { HealthBoard } from "../health/health-board.ts";
import { hasNoGate } from "../settings/load-settings.ts";
import type { Settings } from "../settings/settings.ts";
import type { SystemOptions } from "./system-options.ts";

/** What a role cannot do its work without. */
const essential: Readonly<Record<SystemOptions["role"], readonly string[]>> = {
  all: ["ledger", "gate"],
  gateway: ["ledger", "gate"],
  quantity: ["ledger", "gate"],
  relay: ["gate", "queue"],
  consumer: ["ledger", "queue"],
  sweeper: ["ledger", "gate"],
  admin: ["ledger"],
};

/** The parts of a role. A gateway sells while the queue is away: the outbox keeps what it accepts. */
const partsOf: Readonly<Record<SystemOptions["role"], readonly string[]>> = {
  all: ["ledger", "gate", "queue", "relay", "consumer", "sweeper"],
  gateway: ["ledger", "gate"],
  quantity: ["ledger", "gate"],
  relay: ["ledger", "gate", "queue", "relay"],
  consumer: ["ledger", "queue", "consumer"],
  sweeper: ["ledger", "gate", "sweeper"],
  admin: ["ledger", "gate"],
};

/** Parts that there are not where the ledger decides. */
const ofGates = ["gate", "queue", "relay", "consumer"];

/** The board of a process with all parts of its role, and where they are. */
export function boardFor({ role, settings, logger, clock }: SystemOptions): HealthBoard {
  const board = new HealthBoard({ logger, now: clock.now });
  const isGateless = hasNoGate(settings);
  const names = partsOf[role].filter((name) => !isGateless || !ofGates.includes(name));
  const asksQueue = (role === "gateway" || role === "quantity") && settings.rabbitmq.url !== "";
  for (const name of [...names, ...(asksQueue ? ["queue"] : [])]) {
    const address = addressOf(name, settings);
    board.part(name, { essential: essential[role].includes(name), ...(address !== undefined && { address }) });
  }
  return board;
}

function addressOf(part: string, { mysql, rabbitmq, redis }: Settings): string | undefined {
  if (part === "ledger") return mysql.host === "" ? undefined : `${mysql.host}:${mysql.port}/${mysql.db_name}`;
  if (part === "queue") return rabbitmq.url === "" ? undefined : brokerAddress(rabbitmq.url);
  if (part !== "gate") return undefined;
  return redis.url === "" ? redis.cluster.join(" ") || undefined : new URL(redis.url).host;
}
