import { clientBytes } from "../../../dispatch/client-memory.ts";
import type { Services } from "../../../dispatch/context.ts";

/** How much memory is used for what, in bytes. */
export interface MemoryUse {
  /** All memory that the server accounts for: data, indexes and the buffers of clients. */
  readonly usedBytes: number;
  /** The highest `usedBytes` seen at any request for it. */
  readonly peakBytes: number;
  /**
   * Allocated blocks of the record heap. `reservedBytes` is the memory that the heap has taken from the system for
   * them.
   */
  readonly heapBytes: number;
  readonly reservedBytes: number;
  readonly indexBytes: number;
  readonly clientBytes: number;
  /** Bytes that wait for other nodes of the ring. */
  readonly linkBytes: number;
  /** Memory for anything but the data itself. */
  readonly overheadBytes: number;
  /** Records and values, with the indexes within large values. */
  readonly datasetBytes: number;
}

const peaks = new WeakMap<Services, number>();

export function memoryUse(server: Services): MemoryUse {
  const { heap, databases } = server.keyspace;
  const dataBytes = server.keyspace.usedBytes;
  const indexBytes = databases.reduce(
    (sum, { keys, expires, timedHashes }) => sum + keys.memoryBytes + expires.memoryBytes + timedHashes.memoryBytes,
    0,
  );
  let clientsBytes = 0;
  for (const { client } of server.clients.connected.values()) clientsBytes += clientBytes(client);
  const linkBytes = bytesOfLinks(server);
  const overheadBytes = indexBytes + clientsBytes + linkBytes;
  // Clients' buffers do not count against maxmemory: keys should not be evicted because a client is slow.
  const usedBytes = dataBytes + clientsBytes + linkBytes;
  const peakBytes = Math.max(usedBytes, peaks.get(server) ?? 0);
  peaks.set(server, peakBytes);
  return {
    usedBytes,
    peakBytes,
    heapBytes: heap.usedBytes,
    reservedBytes: heap.reservedBytes,
    indexBytes,
    clientBytes: clientsBytes,
    linkBytes,
    overheadBytes,
    datasetBytes: usedBytes - overheadBytes,
  };
}

function bytesOfLinks({ cluster }: Services): number {
  let bytes = 0;
  for (const link of cluster?.links ?? []) bytes += link?.pendingBytes ?? 0;
  for (const link of cluster?.incomingLinks ?? []) bytes += link.pendingBytes;
  return bytes;
}
