import type { Change } from "../../../tools/simulation/planted-tree.ts";

/** A change of the agreement itself. */
export const kernel = (file: string, from: string, to: string): Change => ({
  file: `my_redis/src/cluster/agreement/${file}`,
  from,
  to,
});

/** A change of what runs the agreement in the simulation. */
export const model = (file: string, from: string, to: string): Change => ({
  file: `my_redis/test/simulation/${file}`,
  from,
  to,
});
