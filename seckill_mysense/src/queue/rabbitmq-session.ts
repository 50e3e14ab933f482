import type { Socket } from "node:net";
import { Connection, type Channel } from "rabbitmq-client";
import type { PartSources } from "../health/part-sources.ts";
import { describeBrokerFailure } from "./broker-failure.ts";
import { QueueUnavailable } from "./queue-errors.ts";
import { declareTopology, type TopologyOptions } from "./rabbitmq-topology.ts";

export interface RabbitmqSessionOptions extends TopologyOptions {
  readonly url: string;
  /** The name in the broker's list of connections, and of this source of news about the queue. */
  readonly connectionName: string;
  /** Longest wait for a connection or a channel, in milliseconds. */
  readonly timeoutMs: number;
  readonly health: PartSources;
}

/** A connection that stays silent for twice this long counts as dead. */
const heartbeatSeconds = 5;

/** Reconnects by itself. `onFailure` gets the reason of an outage in words, once. */
export function openConnection(options: RabbitmqSessionOptions, onFailure?: (reason: string) => void): Connection {
  const { url, connectionName, timeoutMs, health } = options;
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
    const reason = describeBrokerFailure(error, url);
    health.failed(connectionName, reason);
    onFailure?.(reason);
  });
  return connection;
}

/**
 * Sends together what `work` writes. The client library sends each message by itself, and has no option to change that.
 * So its socket is corked meanwhile. The library's types do not declare the socket: where it is missing, each message is
 * sent by itself.
 */
export function writeTogether(connection: Connection, work: () => void): void {
  const { _socket: socket } = connection as unknown as { readonly _socket?: Socket };
  socket?.cork();
  try {
    work();
  } finally {
    socket?.uncork();
  }
}

/** A channel whose queue has been declared: the broker is there, and the user has the rights that are needed. */
export async function openChannel(connection: Connection, options: RabbitmqSessionOptions): Promise<Channel> {
  const { queueName, url, connectionName, health } = options;
  const fail = (error: unknown): string => {
    const reason = describeBrokerFailure(error, url);
    health.failed(connectionName, reason);
    return reason;
  };
  try {
    const channel = await connection.acquire({ emitErrorsFromChannel: true });
    channel.on("error", fail);
    await declareTopology(channel, options);
    health.well(connectionName);
    return channel;
  } catch (error) {
    throw new QueueUnavailable(`cannot set up the queue ${queueName}: ${fail(error)}`, { cause: error });
  }
}
