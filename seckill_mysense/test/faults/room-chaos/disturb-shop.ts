import type { SeededRandom } from "../../../../tools/seeded-random.ts";
import type { ChaosShop } from "./chaos-shop.ts";
import type { KeptStatements } from "./kept-statements.ts";

const maxDisturbances = 8;

/** Disturbs a shop until the signal, some times at most. Resolves with what was done. */
export async function disturbShop(
  { shop, kept, random }: { readonly shop: ChaosShop; readonly kept: KeptStatements; readonly random: SeededRandom },
  isOver: AbortSignal,
  fromMs: number,
): Promise<readonly string[]> {
  const disturbances: string[] = [];
  await Bun.sleep(fromMs + random.below(1_000) - Date.now());
  while (!isOver.aborted && disturbances.length < maxDisturbances) {
    disturbances.push(await shop.disturb());
    await kept.keep();
    await Bun.sleep(random.between(100, 700));
  }
  return disturbances;
}
