/**
 * How people are served at the start of a sale while machines ask a hundred times as often.
 *
 *   npm run bench:start -- [--no-save]
 *
 * The whole program runs on one core, with MariaDB, which shares the other core with the load. 2,000 people and 1,000 bots are
 * in a room. They ask by the clock: each person every ten seconds and each bot a hundred times as often, within the default limits,
 * and without `limits.room_per_user`. One of five requests enters, with a session: of the people for the first time, which the
 * ledger writes down, of the bots again and again. The others ask for their places with a pass. The latency of the people, from the moment at which
 * a request was due, is compared with that of the people alone, in turns.
 */
import { RoomPasses } from "../../seckill_mysense/src/authorization/room-passes.ts";
import { sessionCookieName, Sessions } from "../../seckill_mysense/src/authorization/sessions.ts";
import { systemClock } from "../../seckill_mysense/index.ts";
import type { Ledger } from "../../seckill_mysense/src/ledger/ledger.ts";
import { openLedger } from "../../seckill_mysense/src/roles/system-parts.ts";
import { pseudonymOf } from "../../seckill_mysense/src/rooms/pseudonym.ts";
import { loadSettings } from "../../seckill_mysense/src/settings/load-settings.ts";
import { freshMysqlDatabase } from "../../tools/test-services/index.ts";
import { parseArgs } from "node:util";
import { keepResults, cpuTimeMs, measuredOn, median, textTable } from "../measure.ts";
import { loadFromOtherCores, serverCore } from "../seckill/placement.ts";
import { startSale, tokenSecret } from "../seckill/sale.ts";
import type { LoadResult } from "../seckill/http-load.ts";
import type { Served, ServiceFigures, StartServiceFigures } from "./start-results.ts";

type Limits = Readonly<Record<string, object>>;

const saleId = "room-sale";
const [people, bots] = [2_000, 1_000];
const [personAsksEverySeconds, timesFaster] = [10, 100];
const [rounds, seconds] = [3, 6];
/** The bots begin before the people, and end after them. */
const aroundSeconds = 1;
const hourMs = 3_600_000;
const pollsForOneEntry = 4;

const rateOfPeople = people / personAsksEverySeconds;
const rateOfBots = (bots * timesFaster) / personAsksEverySeconds;

/** How people are served by the whole program, alone and beside bots. */
async function measureService(limits: Limits): Promise<ServiceFigures> {
  const database = await freshMysqlDatabase();
  const { host, port, user: user_name, password: pass_word, database: db_name } = database;
  const parts = { mysql: { host, port, user_name, pass_word, db_name }, limits };
  const sale = await startSale({ units: 1, core: serverCore, parts });
  const ledger = openLedger(loadSettings(sale.configFile, {}), systemClock.now);
  try {
    await openRoom(ledger);
    const [polls, ofBots] = [await pollsOf(ledger, "person", people), await requestsOfBots(ledger)];
    let newcomers = 0;
    const ask = (): Promise<LoadResult> =>
      loadFromOtherCores({
        ...{ port: sale.port, connections: 32 },
        requests: polls.map((poll, index) => (isEntry(index) ? entryOf(`newcomer-${newcomers++}`) : poll)),
        ...{ count: rateOfPeople * seconds, ratePerSecond: rateOfPeople },
      });
    const serve = async (): Promise<Served> => {
      const [cpuMs, startMs] = [cpuTimeMs(sale.pid), performance.now()];
      const { latencyMs, statuses } = await ask();
      if (Object.keys(statuses).join() !== "200") throw new Error(`people were refused: ${JSON.stringify(statuses)}`);
      const cpu = (cpuTimeMs(sale.pid) - cpuMs) / (performance.now() - startMs);
      return { p50: latencyMs.p50, p99: latencyMs.p99, cpu };
    };
    const attack = (): Promise<LoadResult> =>
      loadFromOtherCores({
        ...{ port: sale.port, connections: 64, requests: ofBots },
        ...{ count: rateOfBots * (seconds + 2 * aroundSeconds), ratePerSecond: rateOfBots },
      });
    // What is compiled just in time is compiled.
    await attack();
    const calm: Served[] = [];
    const attacked: Served[] = [];
    const attacks: LoadResult[] = [];
    for (let round = 0; round < rounds; round++) {
      calm.push(await serve());
      const attacking = attack();
      await Bun.sleep(aroundSeconds * 1_000);
      attacked.push(await serve());
      attacks.push(await attacking);
    }
    const medians = (all: readonly Served[]): Served => ({
      p50: median(all.map(({ p50 }) => p50)),
      p99: median(all.map(({ p99 }) => p99)),
      cpu: median(all.map(({ cpu }) => cpu)),
    });
    const figures = { calm: medians(calm), attacked: medians(attacked) };
    return {
      ...{ people, bots, requestsOfPeoplePerSecond: rateOfPeople, requestsOfBotsPerSecond: rateOfBots },
      ...{ botStatuses: attacks.at(-1)!.statuses, botsAnsweredPerSecond: median(attacks.map((one) => one.perSecond)) },
      ...figures,
      p99Ratio: figures.attacked.p99 / figures.calm.p99,
    };
  } finally {
    await ledger.close();
    await sale.stop();
    await database.drop();
  }
}

/** A queue that has begun, so slowly that everybody waits. */
async function openRoom(ledger: Ledger): Promise<void> {
  const startsAtMs = Date.now() + 2_000;
  const room = {
    ...{ mode: "queue" as const, opensAtMs: Date.now(), closesAtMs: undefined, admitPer1000Seconds: 1 },
    ...{ useWithinMs: 60_000, startsOnHold: false, publicValue: { kind: "none" as const } },
  };
  const product = { id: "lamp", saleId, name: "Desk lamp", priceMinor: 1900, currency: "EUR", total: 500 };
  await ledger.sales.create(
    { id: saleId, title: "A sale with a room", startsAtMs, endsAtMs: startsAtMs + hourMs, room },
    [{ ...product, limitPerUser: 1, epoch: 1 }],
  );
  // Gateways read new sales and rooms within a second.
  await Bun.sleep(startsAtMs + 2_000 - Date.now());
}

/** Polls with the passes of users who have entered. */
async function pollsOf(ledger: Ledger, name: string, count: number): Promise<Buffer[]> {
  const room = (await ledger.rooms.find(saleId))!;
  const passes = new RoomPasses([tokenSecret], { index: 0 });
  const polls = Array.from({ length: count }, async (_, index) => {
    const pseudonym = pseudonymOf(room.pseudonymKey, `${name}-${index}`);
    const outcome = await ledger.rooms.enter({ roomId: room.id, pseudonym, maxEntries: people + bots });
    if (outcome.kind !== "entered") throw new Error(`${name}-${index} could not enter: ${outcome.kind}`);
    const { number, enteredAtMs } = outcome.entry;
    const text = Buffer.from(pseudonym).toString("base64url");
    const pass = passes.write({ roomId: room.id, number, pseudonym: text, enteredAtMs, isUsed: false });
    return Buffer.from(`GET /api/room?saleID=${saleId} HTTP/1.1\r\nHost: localhost\r\nX-Room-Pass: ${pass}\r\n\r\n`);
  });
  return Promise.all(polls);
}

async function requestsOfBots(ledger: Ledger): Promise<Buffer[]> {
  const polls = await pollsOf(ledger, "bot", bots);
  return polls.map((poll, index) => (isEntry(index) ? entryOf(`bot-${index}`) : poll));
}

const isEntry = (index: number): boolean => index % (pollsForOneEntry + 1) === 0;
const sessions = new Sessions([tokenSecret], hourMs);

function entryOf(id: string): Buffer {
  const body = JSON.stringify({ saleID: saleId });
  const { cookie } = sessions.open({ id, name: id, sessionEpoch: 0 }, Date.now());
  const head = `POST /api/room HTTP/1.1\r\nHost: localhost\r\nCookie: ${sessionCookieName}=${cookie}\r\n`;
  return Buffer.from(`${head}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
}

const { values: options } = parseArgs({
  options: { save: { type: "boolean", default: true } },
  allowNegative: true,
});
const machine = measuredOn();
const figures: StartServiceFigures = {
  byDefault: await measureService({}),
  withoutLimit: await measureService({ room_per_user: { rate_per_second: 0 } }),
};
const row = (name: string, { p50, p99, cpu }: Served): string[] => [
  name,
  ...[p50, p99, cpu].map((one) => one.toFixed(2)),
];
for (const [name, one] of Object.entries(figures)) {
  console.log(
    textTable([[name, "p50 ms", "p99 ms", "core"], row("people alone", one.calm), row("beside bots", one.attacked)]),
  );
  console.log(`p99 beside bots: ${one.p99Ratio.toFixed(1)} times that of people alone`);
  const perSecond = Math.round(one.botsAnsweredPerSecond);
  console.log(`bots were answered ${perSecond} times a second: ${JSON.stringify(one.botStatuses)}\n`);
}
if (options.save) console.log(keepResults("start", machine, figures));
