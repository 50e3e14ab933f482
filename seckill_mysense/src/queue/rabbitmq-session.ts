import { Connection, type Channel } from "rabbitmq-client";
import type { Logger } from "../logging/logger.ts";
import { QueueUnavailable } from "./queue-errors.ts";
import { declareTopology, type TopologyOptions } from "./rabbitmq-topology.ts";

export interface RabbitmqSessionOptions extends TopologyOptions {
  readonly url: string;
  /** The name in the broker's list of connections. */
  readonly connectionName: string;
  /** Longest wait for a connection or a channel, in milliseconds. */
  readonly timeoutMs: number;
  readonly logger: Logger;
}

/** A connection that stays silent for twice this long counts as dead. */
const heartbeatSeconds = 5;

/** Reconnects by itself. `onFailure` gets the reason of an outage, once. */
export function openConnection(options: RabbitmqSessionOptions, onFailure?: (reason: string) => void): Connection {
  const { url, connectionName, timeoutMs, logger } = options;
  const connection = new Connection({
    url,
    connectionName,
    acquireTimeout: timeoutMs,
    connectionTimeout: timeoutMs,
    heartbeat: heartbeatSeconds,
    retryLow: 50,
    retryHigh: 2_000,
  });
  connection.on("error", (error: Error) => {
    logger.warn("broker connection failed", { reason: error.message });
    onFailure?.(error.message);
  });
  return connection;
}

/** A channel whose queues have been declared. */
export async function openChannel(connection: Connection, options: RabbitmqSessionOptions): Promise<Channel> {
  const { queueName, logger } = options;
  try {
    const channel = await connection.acquire({ emitErrorsFromChannel: true });
    channel.on("error", (error: Error) => logger.warn("broker closed a channel", { reason: error.message }));
    await declareTopology(channel, options);
    return channel;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new QueueUnavailable(`cannot set up the queue ${queueName}: ${reason}`, { cause: error });
  }
}
