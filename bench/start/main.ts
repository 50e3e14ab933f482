/**
 * Who wins at the start of a sale with people and machines, in virtual time.
 *
 *   npm run simulate:start -- [--people 20000] [--bots 10000] [--units 1000] [--admit 10] [--seed 1] [--no-save]
 *
 * A short run: --people 400 --bots 200 --units 100 --admit 1 --no-save.
 *
 * It runs the sale's own rules, limits, ledger, room and draw at a virtual clock, so the machine's speed makes no difference. A bot has
 * a verified identity, as a person has. It sends a hundred requests where a person sends one, solves a hundred times as fast, and acts
 * at once where a person takes seconds. The units that bots win are counted in a draw, in a queue and without a room; and in
 * draws with several rates of admission, where bots ask ten times as often, since how often they ask makes no difference there.
 */
import { parseArgs } from "node:util";
import { type StartOutcome, simulateStart } from "../../seckill_mysense/test/simulation/start/simulate-start.ts";
import { keepResults, measuredOn, textTable } from "../measure.ts";
import type { StartFigures } from "./start-results.ts";

const { values: options } = parseArgs({
  options: {
    people: { type: "string", default: "20000" },
    bots: { type: "string", default: "10000" },
    units: { type: "string", default: "1000" },
    admit: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
    save: { type: "boolean", default: true },
  },
  allowNegative: true,
});
const [people, bots, units, admitPerSecond, seed] = (["people", "bots", "units", "admit", "seed"] as const).map(
  (name) => {
    const value = Number(options[name]);
    if (Number.isInteger(value) && value > 0) return value;
    throw new Error(`--${name} is a whole number from 1 on, not '${options[name]}'`);
  },
) as [number, number, number, number, number];

const plan = { people, bots, units, admitPerSecond, timesAsOften: 100, seed };
/** Units are gone after so many seconds, if nobody hesitates. */
const secondsToSellOut = [10, 20, 50, 100, 200];

const machine = measuredOn();
const modes: StartOutcome[] = [];
for (const mode of ["draw", "queue", "first come"] as const) modes.push(await simulateStart({ ...plan, mode }));
const rates: StartOutcome[] = [];
for (const seconds of secondsToSellOut) {
  rates.push(await simulateStart({ ...plan, mode: "draw", admitPerSecond: units / seconds, timesAsOften: 10 }));
}
for (const outcomes of [modes, rates]) console.log(`${table(outcomes)}\n`);
const figures: StartFigures = { modes, rates };
if (options.save) console.log(keepResults("simulated-start", machine, figures));

function table(outcomes: readonly StartOutcome[]): string {
  return textTable([
    [
      "mode",
      "admitted/s",
      "sold out after s",
      "won by people",
      "by bots",
      "advantage",
      "requests of people",
      "of bots",
      "refused",
    ],
    ...outcomes.map((one) => [
      ...[
        one.mode,
        `${one.admitPerSecond}`,
        one.soldOutAfterSeconds.toFixed(2),
        `${one.wonByPeople}`,
        `${one.wonByBots}`,
      ],
      ...[one.advantage.toFixed(2), `${one.requestsOfPeople}`, `${one.requestsOfBots}`],
      `${one.refusedPeople} and ${one.refusedBots}`,
    ]),
  ]);
}
