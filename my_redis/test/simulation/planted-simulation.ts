import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { plantTree } from "../../../tools/simulation/planted-tree.ts";
import { type Mistake, mistakes } from "./mistakes.ts";
import type { simulate } from "./simulation.ts";

/** What a simulation consists of. */
const parts = [
  "hash_ring",
  "my_redis/src/cluster/agreement",
  "my_redis/src/cluster/seat-transaction",
  "my_redis/src/cluster/transaction",
  "my_redis/src/protocol",
  "my_redis/test/simulation",
  "tools/seeded-random.ts",
  // It says where the package hash-ring is.
  "tsconfig.json",
  "tools/simulation/event-queue.ts",
];

/** The simulation over a kernel, or a model, with a mistake in it. */
export async function plantedSimulation(mistake: Mistake): Promise<typeof simulate> {
  const folder = mkdtempSync(join(tmpdir(), "planted-"));
  try {
    plantTree(folder, parts, mistakes[mistake]);
    const planted = (await import(join(folder, "my_redis/test/simulation/simulation.ts"))) as {
      simulate: typeof simulate;
    };
    return planted.simulate;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
