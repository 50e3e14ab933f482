import type { LedgerHeartbeats } from "../ledger/heartbeats.ts";
import { decodeDetails } from "../operations/heartbeat-details.ts";
import type { ConsumerReport } from "../recovery/consumer-report.ts";

/**
 * What the heartbeats of the consumers say of the shared queue. A consumer of an older program does not say how long it
 * has held its messages, or on which connection, and one that has just started does not say whether it has any: it may.
 */
export async function consumerReports(heartbeats: Pick<LedgerHeartbeats, "read">): Promise<ConsumerReport[]> {
  const beats = await heartbeats.read();
  return beats.flatMap(({ instance, role, ageMs, details }): ConsumerReport[] => {
    const { figures } = decodeDetails(details);
    const held = figures["seckill_queue_in_hand"];
    if (held === undefined) {
      const isConsumer = role === "consumer" || role === "all";
      const started = { held: 1, received: 0, oldestMs: undefined, connection: 0 };
      return isConsumer ? [{ instance, ageMs, ...started }] : [];
    }
    const received = figures["seckill_queue_received"] ?? 0;
    const oldest = figures["seckill_queue_oldest_in_hand_seconds"];
    const oldestMs = oldest === undefined ? undefined : oldest * 1_000;
    const connection = figures["seckill_queue_connection"];
    return [{ instance, ageMs, held, received, oldestMs, connection }];
  });
}
