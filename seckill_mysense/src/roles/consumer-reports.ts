import type { LedgerHeartbeats } from "../ledger/heartbeats.ts";
import { decodeDetails } from "../operations/heartbeat-details.ts";
import type { ConsumerReport } from "../recovery/consumer-report.ts";

/**
 * What the heartbeats of the consumers say of the shared queue. A consumer of an older program does not say how long it
 * has held its messages.
 */
export async function consumerReports(heartbeats: Pick<LedgerHeartbeats, "read">): Promise<ConsumerReport[]> {
  const beats = await heartbeats.read();
  return beats.flatMap(({ instance, ageMs, details }): ConsumerReport[] => {
    const { figures } = decodeDetails(details);
    const held = figures["seckill_queue_in_hand"];
    if (held === undefined) return [];
    const received = figures["seckill_queue_received"] ?? 0;
    const oldest = figures["seckill_queue_oldest_in_hand_seconds"];
    return [{ instance, ageMs, held, received, oldestMs: oldest === undefined ? undefined : oldest * 1_000 }];
  });
}
