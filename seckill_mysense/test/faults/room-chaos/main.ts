import { parseArgs } from "node:util";
import { SeededRandom } from "../../../../tools/seeded-random.ts";
import { ChaosRound } from "./chaos-round.ts";
import { openBuiltIn, openRoles } from "./chaos-shop.ts";

/**
 * `npm run chaos:rooms -- [--rounds N] [--seed S]`: waiting rooms while gateways and sweepers are killed, leave and join with
 * clocks ten seconds apart, over MariaDB and over the built-in ledger, drawn and in the order of coming. A round takes half a
 * minute. The seed decides who is disturbed and when, and who asks where; the order of the processes is up to the system.
 */
const { values } = parseArgs({ options: { rounds: { type: "string" }, seed: { type: "string" } } });
const rounds = Number(values.rounds ?? "40");
const seed = Number(values.seed ?? `${Math.floor(Math.random() * 2 ** 31)}`);
if (!Number.isInteger(rounds) || rounds < 1) {
  throw new Error(`--rounds is a whole number from 1 on, not '${values.rounds}'`);
}
if (!Number.isInteger(seed)) throw new Error(`--seed is a whole number, not '${values.seed}'`);

const random = new SeededRandom(seed);
for (let round = 1; round <= rounds; round++) {
  const [open, mode] = [random.pick([openRoles, openBuiltIn]), random.pick(["draw", "queue"] as const)];
  await using shop = await open(random.fork());
  const { broken, disturbances } = await new ChaosRound(shop, random.fork(), mode).run();
  if (broken.length > 0) throw new Error(`round ${round} of seed ${seed}: ${broken.join("; ")}`);
  console.log(`seed ${seed}: round ${round}, a ${mode} on ${shop.name} holds: ${disturbances.join(", ")}`);
}
