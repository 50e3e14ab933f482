import { waitUntil } from "../../../../tools/test-services/index.ts";
import type { ChangeOutcome, RingRequest } from "../../../src/cluster/agreement/ring-change.ts";
import { RingOfProcesses } from "../crash/ring-of-processes.ts";

const directives = { "cluster-node-timeout": "1000", "enable-debug-command": "yes" };

export const startMovingRing = (
  seats: number,
  replicas: number,
  given: Readonly<Record<string, string>> = {},
): Promise<RingOfProcesses> => RingOfProcesses.start(seats, { ...directives, ...given }, replicas);

/** The name by which a place stands on the ring. */
export const seatName = (ring: RingOfProcesses, seat: number): string => `127.0.0.1:${ring.ports[seat] as number}`;

/** Asks the leader for a change of the ring, until it has begun it. Gives the version of the table with which it begins. */
export async function changeRing(ring: RingOfProcesses, request: RingRequest): Promise<number> {
  let version = 0;
  const isBegun = async (): Promise<boolean> => {
    const versions = (await infosOf(ring)).map((info) => Number(info.get("cluster_table_version")));
    version = Math.max(...versions) + 1;
    return (await ask(ring, request))?.type === "begun";
  };
  const what = `the ring to begin ${JSON.stringify(request)}`;
  await waitUntil(isBegun, { what, timeoutMs: 20_000, intervalMs: 20 });
  return version;
}

async function ask(ring: RingOfProcesses, request: RingRequest): Promise<ChangeOutcome | undefined> {
  for (const node of ring.ports.keys()) {
    const info = await ring.info(node);
    if (info?.get("cluster_leader") !== `127.0.0.1:${ring.ports[node] as number}`) continue;
    const connection = await ring.connect(node);
    const { text } = await connection.reply("DEBUG", "RING-CHANGE", JSON.stringify(request));
    connection.close();
    const outcome = JSON.parse(text as string) as ChangeOutcome;
    if (outcome.type === "refused") throw new Error(outcome.reason);
    return outcome;
  }
  return undefined;
}

/** What the nodes that answer say of the moves. */
async function infosOf(ring: RingOfProcesses) {
  const infos = await Promise.all(ring.ports.keys().map((node) => ring.info(node)));
  return infos.filter((info) => info !== undefined);
}

/** Waits until nothing moves any more since this version of the table, and nothing is left to be removed. */
export async function untilMoved(ring: RingOfProcesses, version: number, timeoutMs = 30_000): Promise<void> {
  const isDone = async (): Promise<boolean> => {
    const infos = await infosOf(ring);
    const isZero = (name: string): boolean => infos.every((info) => info.get(name) === "0");
    return (
      infos.length > 0 &&
      infos.every((info) => Number(info.get("cluster_table_version")) >= version) &&
      isZero("cluster_moves") &&
      isZero("cluster_slots_left_to_move") &&
      isZero("cluster_removing_moved_keys")
    );
  };
  await waitUntil(isDone, { what: "all slots to be moved", timeoutMs, intervalMs: 20 });
}

/** Waits until a move is under way. */
export async function untilMoving(ring: RingOfProcesses): Promise<void> {
  const isMoving = async (): Promise<boolean> =>
    (await infosOf(ring)).some((info) => Number(info.get("cluster_moves")) > 0);
  await waitUntil(isMoving, { what: "a slot to move", timeoutMs: 20_000, intervalMs: 2 });
}

/** The node that leads the ring. */
export async function leaderOf(ring: RingOfProcesses): Promise<number> {
  const name = (await infosOf(ring)).map((info) => info.get("cluster_leader")).find((leader) => leader !== "");
  return ring.ports.findIndex((port) => `127.0.0.1:${port}` === name);
}
