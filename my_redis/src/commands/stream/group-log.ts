import type { Context } from "../../dispatch/context.ts";
import type { ConsumerGroup } from "../../values/stream/consumer-group.ts";
import type { IdPlace } from "../../values/stream/id-map.ts";
import type { StreamId } from "../../values/stream/stream-id.ts";
import type { ActingConsumer } from "./group-consumer.ts";

// Changes to a group are logged as commands that state the exact result, with times and counts, as Redis logs them.

/** Logs a pending entry's consumer, delivery time and delivery count. */
export function logClaim(
  context: Context,
  key: Uint8Array,
  groupName: string,
  group: ConsumerGroup,
  id: StreamId,
  place: IdPlace,
): void {
  if (!context.logs) return;
  const { pending } = group;
  const deliveries = pending.deliveries(place);
  context.logAs(
    ...["XCLAIM", key, groupName, group.consumerAt(place).name, "0", id.toString()],
    ...["TIME", pending.deliveredMs(place), "RETRYCOUNT", deliveries, "FORCE", "JUSTID"],
    ...["LASTID", group.lastId.toString()],
  );
}

/** Logs how far a group has read. */
export function logPosition(context: Context, key: Uint8Array, groupName: string, group: ConsumerGroup): void {
  if (!context.logs) return;
  context.logAs("XGROUP", "SETID", key, groupName, group.lastId.toString(), "ENTRIESREAD", group.entriesRead);
}

/**
 * Logs that a consumer was created. A consumer with pending entries needs no such line, because replaying their claims
 * creates it.
 */
export function logNewConsumer(
  context: Context,
  key: Uint8Array,
  groupName: string,
  { consumer, isNew }: ActingConsumer,
): void {
  if (!context.logs || !isNew || consumer.pending.size > 0) return;
  context.logAs("XGROUP", "CREATECONSUMER", key, groupName, consumer.name);
}
