import type { Change } from "../../../tools/simulation/planted-tree.ts";
import { kernel } from "./planted-change.ts";

/** Mistakes about replicas that come and go, and seats that are given up. */
export const memberMistakes = {
  "a seat is given up while its primary may still answer": [
    kernel("given-up.ts", "if (silentMs > silenceMs) continue;", "if (silentMs > silenceMs / 8) continue;"),
  ],
  "a seat that was given up keeps its primary": [
    kernel("given-up.ts", "primary: { ...seat.primary, run: 0 },", "primary: seat.primary,"),
  ],
  "slots of a seat that was given up go with what another seat had of them": [
    kernel("given-up.ts", "isStart: has?.isWhole !== true", "isStart: false"),
  ],
  "a replica that is added counts as in sync at once": [
    kernel(
      "membership.ts",
      "return withReplica(table, seat, replica);",
      "return withReplica(table, { ...seat, inSync: [...seat.inSync, { node: replica, run: peers.get(replica)!.run }] }, replica);",
    ),
  ],
  "a replica that was removed is waited for again": [
    kernel(
      "serving.ts",
      "filter(([node]) => seat.nodes.includes(node))",
      "filter(([node]) => seat.nodes.includes(node) || true)",
    ),
  ],
  "a replica that was removed stays in sync": [
    kernel("replica-change.ts", "inSync: seat.inSync.filter((copy) => copy.node !== node),", "inSync: seat.inSync,"),
  ],
} as const satisfies Readonly<Record<string, readonly Change[]>>;
