import { residentBytes } from "../measure.ts";
import { RawClient } from "../redis/raw-client.ts";
import { type Peer, startPeer } from "../redis/peers.ts";
import type { Load } from "./loads.ts";

/** In bytes: what the process grew by, and what the server says itself that it uses more. */
export interface Growth {
  readonly residentBytes: number;
  readonly usedBytes: number;
}

/**
 * Made and deleted first, a few times, so that buffers and compiled code are there already on both sides; so little that
 * the memory which stays with the process does not count.
 */
const rehearsalShare = 0.01;
const rehearsals = 10;
/** Longer than garbage and freed pages stay with a server that has nothing to do. */
const restMs = 3000;

/** Fills a fresh server, and measures what that takes. */
export async function measureGrowth(name: Peer["name"], load: Load, checkout?: string): Promise<Growth> {
  const peer = await startPeer(name, false, checkout);
  try {
    const client = await RawClient.connect(peer.port);
    for (let rehearsal = 0; rehearsal < rehearsals; rehearsal++) {
      await client.send(load.requests(rehearsalShare));
      await client.send([["FLUSHALL"]]);
    }
    await Bun.sleep(restMs);
    const before = await memoryOf(peer, client);
    await client.send(load.requests(1));
    await Bun.sleep(restMs);
    const after = await memoryOf(peer, client);
    client.close();
    return {
      residentBytes: after.residentBytes - before.residentBytes,
      usedBytes: after.usedBytes - before.usedBytes,
    };
  } finally {
    await peer.stop();
  }
}

async function memoryOf(peer: Peer, client: RawClient): Promise<Growth> {
  const usedBytes = Number(/used_memory:(\d+)/.exec(await client.ask(["INFO", "memory"]))?.[1]);
  return { residentBytes: residentBytes(peer.pid), usedBytes };
}
