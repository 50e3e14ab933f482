import { waitUntil } from "../../../../tools/test-services/index.ts";
import { type ClusterInfo, RingOfProcesses } from "../crash/ring-of-processes.ts";

const directives = { "cluster-node-timeout": "1000", "enable-debug-command": "yes" };

export const startMovingRing = (
  seats: number,
  replicas: number,
  given: Readonly<Record<string, string>> = {},
): Promise<RingOfProcesses> => RingOfProcesses.start(seats, { ...directives, ...given }, replicas);

/** The name by which a place stands on the ring. */
export const seatName = (ring: RingOfProcesses, seat: number): string => `127.0.0.1:${ring.ports[seat] as number}`;

/** CLUSTER RING WEIGHTS for the places in their order. */
export const weightsOf = (ring: RingOfProcesses, ...weights: readonly number[]): readonly string[] => [
  "WEIGHTS",
  ...weights.flatMap((weight, seat) => [seatName(ring, seat), `${weight}`]),
];

/** Asks a node for a change of the ring, CLUSTER RING. Gives the version of the table with which it begins, or a lower one. */
export async function changeRing(ring: RingOfProcesses, words: readonly string[], node = 0): Promise<number> {
  let version = 0;
  const isBegun = async (): Promise<boolean> => {
    const versions = (await infosOf(ring)).map((info) => Number(info.get("cluster_table_version")));
    version = Math.max(...versions) + 1;
    const connection = await ring.connect(node);
    const { sign, text } = await connection.reply("CLUSTER", "RING", ...words);
    connection.close();
    if (sign === "-") throw new Error(text ?? "");
    return (JSON.parse(text as string) as { type: string }).type === "begun";
  };
  await waitUntil(isBegun, { what: `the ring to begin ${words.join(" ")}`, timeoutMs: 20_000, intervalMs: 20 });
  return version;
}

/** What the nodes that answer say of the moves. */
async function infosOf(ring: RingOfProcesses) {
  const infos = await Promise.all(ring.ports.keys().map((node) => ring.info(node)));
  // A node may also be busy with a script.
  return infos.filter((info) => info !== undefined && info.has("cluster_moves")) as ClusterInfo[];
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
