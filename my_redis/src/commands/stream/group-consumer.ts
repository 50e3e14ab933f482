import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import type { Consumer, ConsumerGroup } from "../../values/stream/consumer-group.ts";

/** The consumer for which a command runs. */
export interface ActingConsumer {
  readonly consumer: Consumer;
  /** Whether this command created the consumer. */
  readonly isNew: boolean;
}

/** The consumer that argument `index` names. A new one is created even when there are no entries for it. */
export function actingConsumer(
  context: Context,
  args: Arguments,
  { keyIndex, group, index }: { keyIndex: number; group: ConsumerGroup; index: number },
): ActingConsumer {
  const name = args.latin1(index);
  const known = group.consumer(name);
  const consumer = known ?? group.addConsumer(name, context.now);
  if (known === undefined) context.database.changed(args, keyIndex, "xgroup-createconsumer");
  consumer.seenMs = context.now;
  return { consumer, isNew: known === undefined };
}
