import type { LedgerHeartbeats } from "../ledger/heartbeats.ts";
import { decodeDetails } from "../operations/heartbeat-details.ts";
import type { ConsumerReport } from "../recovery/consumer-report.ts";

/**
 * What the heartbeats of the consumers say of the shared queue. A consumer of an older program does not say how long it
 * has held its messages, and one that has just started does not say whether it has any: it may.
 */
export async function consumerReports(heartbeats: Pick<LedgerHeartbeats, "read">): Promise<ConsumerReport[]> {
  const beats = await heartbeats.read();
  return beats.flatMap(({ instance, role, ageMs, details }): ConsumerReport[] => {
    const { figures } = decodeDetails(details);
    const held = figures["seckill_queue_in_hand"];
    if (held === undefined) {
      const isConsumer = role === "consumer" || role === "all";
      const started = { held: 1, received: 0, repeated: 0, oldestMs: undefined, connection: 0 };
      return isConsumer ? [{ instance, ageMs, ...started }] : [];
    }
    const received = figures["seckill_queue_received"] ?? 0;
    const repeated = figures["seckill_queue_received_again"] ?? 0;
    const oldest = figures["seckill_queue_oldest_in_hand_seconds"];
    const oldestMs = oldest === undefined ? undefined : oldest * 1_000;
    // A consumer of an older program does not say whether it is connected. Otherwise a sale could not be repaired
    // before all of them are replaced.
    const connection = figures["seckill_queue_connection"] ?? 1;
    return [{ instance, ageMs, held, received, repeated, oldestMs, connection }];
  });
}
