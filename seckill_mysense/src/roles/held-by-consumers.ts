import type { LedgerHeartbeats } from "../ledger/heartbeats.ts";
import { decodeDetails } from "../operations/heartbeat-details.ts";

/** How many messages of the queue the consumers hold, as their heartbeats say. A silent one holds what it last said. */
export async function heldByConsumers(heartbeats: Pick<LedgerHeartbeats, "read">): Promise<number> {
  const counts = (await heartbeats.read()).map(
    ({ details }) => decodeDetails(details).figures["seckill_queue_in_hand"],
  );
  return counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
}
