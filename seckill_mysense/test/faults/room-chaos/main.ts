import { parseArgs } from "node:util";
import { SeededRandom } from "../../../../tools/seeded-random.ts";
import { ChaosRound } from "./chaos-round.ts";
import { BallotRound } from "./ballot-round.ts";
import { ballotClocks, openBuiltIn, openRoles, wrongClocks } from "./chaos-shop.ts";

/**
 * `npm run chaos:rooms -- [--rounds N] [--seed S] [--mode draw|queue|ballot]`: waiting rooms while gateways and sweepers are
 * killed, leave and join with clocks ten seconds apart, in a ballot four, over MariaDB and over the built-in ledger, drawn, in the
 * order of coming, and as a ballot whose winners buy. A round takes half a minute, of a ballot a whole one. The seed decides who is disturbed and when, and who asks where; the order of the processes is up to the system.
 */
const string = { type: "string" } as const;
const { values } = parseArgs({ options: { rounds: string, seed: string, mode: string } });
const modes = ["draw", "queue", "ballot"] as const;
const chosen = modes.filter((mode) => values.mode === undefined || mode === values.mode);
const rounds = Number(values.rounds ?? "40");
const seed = Number(values.seed ?? `${Math.floor(Math.random() * 2 ** 31)}`);
if (!Number.isInteger(rounds) || rounds < 1) {
  throw new Error(`--rounds is a whole number from 1 on, not '${values.rounds}'`);
}
if (chosen.length === 0) throw new Error(`--mode is one of ${modes.join(", ")}, not '${values.mode}'`);
if (!Number.isInteger(seed)) throw new Error(`--seed is a whole number, not '${values.seed}'`);

const random = new SeededRandom(seed);
for (let round = 1; round <= rounds; round++) {
  const [open, mode] = [random.pick([openRoles, openBuiltIn]), random.pick(chosen)];
  await using shop = await open(random.fork(), mode === "ballot" ? ballotClocks : wrongClocks);
  const part = random.fork();
  const chaos = mode === "ballot" ? new BallotRound(shop, part) : new ChaosRound(shop, part, mode);
  const { broken, disturbances } = await chaos.run();
  if (broken.length > 0) throw new Error(`round ${round} of seed ${seed}: ${broken.join("; ")}`);
  console.log(`seed ${seed}: round ${round}, a ${mode} on ${shop.name} holds: ${disturbances.join(", ")}`);
}
