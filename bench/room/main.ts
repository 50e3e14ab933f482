/**
 * A waiting room of a million visitors: how fast they enter, how long the draw takes, and what a gateway takes to tell them
 * their places.
 *
 *   npm run bench:room -- [--visitors 1000000] [--polls 10000] [--seconds 20] [--admit 1000] [--entry 200] [--no-save]
 *
 * A short run: --visitors 20000 --polls 2000 --seconds 5 --entry 15 --no-save.
 *
 * The whole program runs on one core, with MariaDB, which shares the other core with the load. Entries come as a gateway
 * sends them to the ledger, in batches. `--entry` is the time from the opening to the closing, in seconds: all visitors must
 * have entered by then. Polls are sent by the clock, each with the pass of a visitor chosen at random, and their time runs
 * from the moment at which they were due.
 */
import { parseArgs } from "node:util";
import { systemClock } from "../../seckill_mysense/index.ts";
import { RoomPasses } from "../../seckill_mysense/src/authorization/room-passes.ts";
import type { RoomView } from "../../seckill_mysense/src/contract/rooms.ts";
import type { Room, LedgerRooms } from "../../seckill_mysense/src/ledger/rooms.ts";
import { openLedger } from "../../seckill_mysense/src/roles/system-parts.ts";
import { loadSettings } from "../../seckill_mysense/src/settings/load-settings.ts";
import { freshMysqlDatabase, waitUntil } from "../../tools/test-services/index.ts";
import { SeededRandom } from "../../tools/seeded-random.ts";
import { cpuTimeMs, keepResults, measuredOn, residentBytes, textTable } from "../measure.ts";
import { loadFromOtherCores, serverCore } from "../seckill/placement.ts";
import { type RunningSale, startSale, tokenSecret } from "../seckill/sale.ts";
import type { RoomFigures } from "./room-results.ts";

const { values: options } = parseArgs({
  options: {
    visitors: { type: "string", default: "1000000" },
    polls: { type: "string", default: "10000" },
    seconds: { type: "string", default: "20" },
    admit: { type: "string", default: "1000" },
    entry: { type: "string", default: "200" },
    save: { type: "boolean", default: true },
  },
  allowNegative: true,
});
const [visitors, pollsPerSecond, seconds, admitPerSecond, entrySeconds] = (
  ["visitors", "polls", "seconds", "admit", "entry"] as const
).map((name) => Number(options[name])) as [number, number, number, number, number];

const saleId = "room-sale";
const hourMs = 3_600_000;
const connections = 64;
const passCount = 20_000;
const entering = 1_000;

/** Enters all visitors, as many at a time as a busy gateway has. Resolves with how many there were in a second. */
async function enterAll(rooms: LedgerRooms, room: Room): Promise<number> {
  const startMs = performance.now();
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < visitors) {
      const pseudonym = Buffer.alloc(16);
      pseudonym.writeUInt32BE(next++, 0);
      const { kind } = await rooms.enter({ roomId: room.id, pseudonym, maxEntries: visitors });
      if (kind !== "entered") throw new Error(`a visitor could not enter: ${kind}`);
    }
  };
  await Promise.all(Array.from({ length: entering }, lane));
  return visitors / ((performance.now() - startMs) / 1000);
}

const viewOf = async (sale: RunningSale, pass?: string): Promise<RoomView> => {
  const headers = pass === undefined ? {} : { "x-room-pass": pass };
  const response = await fetch(`http://127.0.0.1:${sale.port}/api/room?saleID=${saleId}`, { headers });
  if (!response.ok) throw new Error(`the room cannot be read: ${await response.text()}`);
  return (await response.json()) as RoomView;
};

/** Of visitors whose turn comes within the run: by how much the told wait was wrong, as a share of it. */
async function estimateErrors(sale: RunningSale, passes: readonly string[]): Promise<number[]> {
  const views = await Promise.all(passes.map((pass) => viewOf(sale, pass)));
  const nearMs = seconds * 1000;
  const near = views.flatMap((view, index) => {
    const waitMs = (view.waitSeconds ?? 0) * 1000;
    return waitMs > 2000 && waitMs < nearMs
      ? [{ pass: passes[index] as string, waitMs, toldMs: performance.now() }]
      : [];
  });
  return Promise.all(
    near.slice(0, 50).map(async ({ pass, waitMs, toldMs }) => {
      await Bun.sleep(waitMs - 1000);
      await waitUntil(async () => (await viewOf(sale, pass)).state === "admitted", {
        ...{ what: "a visitor's turn", timeoutMs: 10_000, intervalMs: 20 },
      });
      return Math.abs(performance.now() - toldMs - waitMs) / waitMs;
    }),
  );
}

async function measure(): Promise<RoomFigures> {
  const database = await freshMysqlDatabase();
  const { host, port, user: user_name, password: pass_word, database: db_name } = database;
  const unlimited = { rate_per_second: 1_000_000, burst: 1_000_000 };
  const parts = {
    mysql: { host, port, user_name, pass_word, db_name },
    limits: { room_per_user: unlimited, check_per_address: unlimited, room_visitors: visitors },
  };
  const sale = await startSale({ units: 1, core: serverCore, parts });
  const ledger = openLedger(loadSettings(sale.configFile, {}), systemClock.now);
  try {
    const opensAtMs = Date.now() + 2_000;
    const closesAtMs = opensAtMs + entrySeconds * 1000;
    await ledger.sales.create(
      {
        ...{ id: saleId, title: "A sale with a room", startsAtMs: closesAtMs, endsAtMs: closesAtMs + hourMs },
        room: {
          ...{ mode: "draw", opensAtMs, closesAtMs, admitPer1000Seconds: admitPerSecond * 1000, useWithinMs: 60_000 },
          ...{ startsOnHold: false, publicValue: { kind: "none" } },
        },
      },
      [
        {
          ...{ id: "lamp", saleId, name: "Desk lamp", priceMinor: 1900, currency: "EUR", total: 500 },
          ...{ limitPerUser: 1, epoch: 1 },
        },
      ],
    );
    const room = (await ledger.rooms.find(saleId))!;
    await Bun.sleep(opensAtMs - Date.now() + 100);
    const enteredPerSecond = await enterAll(ledger.rooms, room);
    if (Date.now() > closesAtMs) throw new Error("not all visitors had entered at the closing: --entry is too short");
    const passes = await passesOf(ledger.rooms, room);
    await waitUntil(async () => (await viewOf(sale)).entries === visitors, { what: "all entries", timeoutMs: 60_000 });
    const bytesBefore = residentBytes(sale.pid);
    await Bun.sleep(closesAtMs - Date.now());
    const drawMs = performance.now();
    await waitUntil(async () => (await viewOf(sale, passes[0])).place !== undefined, {
      ...{ what: "the order", timeoutMs: 120_000, intervalMs: 20 },
    });
    const drawSeconds = (performance.now() - drawMs) / 1000;
    const placeBytes = Math.max(0, residentBytes(sale.pid) - bytesBefore) / visitors;
    return { visitors, enteredPerSecond, drawSeconds, placeBytes, ...(await poll(sale, passes)) };
  } finally {
    await ledger.close();
    await sale.stop();
    await database.drop();
  }
}

/** Of visitors all over the line, at random. */
async function passesOf(rooms: LedgerRooms, { id: roomId }: Room): Promise<string[]> {
  const writer = new RoomPasses([tokenSecret], { index: 0 });
  const random = new SeededRandom(1);
  const passes: string[] = [];
  while (passes.length < Math.min(passCount, visitors)) {
    const page = await rooms.entries(roomId, random.below(visitors), 100);
    for (const { number, pseudonym, enteredAtMs } of page) {
      const entry = { roomId, number, pseudonym: Buffer.from(pseudonym).toString("base64url"), enteredAtMs };
      passes.push(writer.write({ ...entry, isUsed: false }));
    }
  }
  return passes;
}

async function poll(
  sale: RunningSale,
  passes: readonly string[],
): Promise<Omit<RoomFigures, "visitors" | "enteredPerSecond" | "drawSeconds" | "placeBytes">> {
  const requests = passes.map((pass) =>
    Buffer.from(`GET /api/room?saleID=${saleId} HTTP/1.1\r\nHost: localhost\r\nX-Room-Pass: ${pass}\r\n\r\n`),
  );
  const load = { port: sale.port, connections, requests };
  // The first requests compile what is compiled just in time.
  await loadFromOtherCores({ ...load, count: pollsPerSecond * 3, ratePerSecond: pollsPerSecond });
  const estimates = estimateErrors(sale, passes.slice(0, 2_000));
  const before = await viewOf(sale);
  const cpuBefore = cpuTimeMs(sale.pid);
  const count = pollsPerSecond * seconds;
  const { latencyMs, perSecond, statuses } = await loadFromOtherCores({
    ...load,
    count,
    ratePerSecond: pollsPerSecond,
  });
  const after = await viewOf(sale);
  const cpuMicroseconds = ((cpuTimeMs(sale.pid) - cpuBefore) * 1000) / count;
  if (statuses[200] !== count) throw new Error(`not all polls were answered: ${JSON.stringify(statuses)}`);
  const errors = await estimates;
  return {
    polls: { perSecond, cpuMicroseconds, latencyMs },
    admittedPerSecond: ((after.admitted - before.admitted) * 1000) / (after.serverTimeMs - before.serverTimeMs),
    wantedPerSecond: admitPerSecond,
    estimates: errors.length,
    worstEstimateError: Math.max(0, ...errors),
  };
}

const machine = measuredOn();
const figures = await measure();
const { polls } = figures;
console.log(
  textTable([
    [
      "visitors",
      "entered/s",
      "draw s",
      "bytes each",
      "polls/s",
      "us CPU",
      "p50 ms",
      "p99 ms",
      "p99.9 ms",
      "admitted/s",
      "worst estimate",
    ],
    [
      ...[`${figures.visitors}`, figures.enteredPerSecond.toFixed(0), figures.drawSeconds.toFixed(1)],
      ...[figures.placeBytes.toFixed(1), polls.perSecond.toFixed(0), polls.cpuMicroseconds.toFixed(1)],
      ...[polls.latencyMs.p50, polls.latencyMs.p99, polls.latencyMs.p999].map((ms) => ms.toFixed(2)),
      ...[
        figures.admittedPerSecond.toFixed(1),
        `${(figures.worstEstimateError * 100).toFixed(1)}% of ${figures.estimates}`,
      ],
    ],
  ]),
);
if (options.save) console.log(keepResults("room", machine, figures));
