import { join } from "node:path";
import type { SeededRandom } from "../../../../tools/seeded-random.ts";
import type { RoomSettings } from "../../../src/domain/room.ts";
import { RoomService, type ShownRoom } from "../../../src/rooms/room-service.ts";
import { testProduct, testSecret } from "../../fakes/test-gateway.ts";
import { commands } from "../../roles/sale-commands.ts";
import { type ProgramOptions, type RunningProgram, startProgram } from "../../roles/program.ts";
import { ShopInRoles } from "../shop-in-roles.ts";

/** A shop whose processes are killed, end and join, each with a clock of its own. */
export interface ChaosShop extends AsyncDisposable {
  readonly name: string;
  /** Where gateways answer. Some may have been killed since. */
  urls(): readonly string[];
  publish(sale: ChaosSale): Promise<void>;
  /** Does something to a process, and says what. */
  disturb(): Promise<string>;
  /** How many entered, were admitted and have used their place, and when the admission began. */
  outcome(): Promise<ChaosOutcome>;
}

export interface ChaosSale {
  readonly room: RoomSettings;
  readonly startsAtMs: number;
  readonly units: number;
  readonly limitPerUser: number;
}

export interface ChaosOutcome {
  readonly entries: number;
  readonly admitted: number;
  readonly used: number;
  readonly beginsAtMs: number;
}

/** Milliseconds by which each clock is wrong. */
export type Clocks = readonly [number, number, number];

/** Clocks that are ten seconds apart. */
export const wrongClocks: Clocks = [-5_000, 0, 5_000];
/** A ballot bears clocks that differ by less than the time after which it looks at places. */
export const ballotClocks: Clocks = [-2_000, 0, 2_000];

const { id: productId, saleId } = testProduct;
const preload = join(import.meta.dir, "../shifted-clock.ts");
const endsAfterMs = 3_600_000;
const noLimit = { rate_per_second: 0, burst: 1 };
const gatewayCount = 3;

function withClock(offByMs: number): Pick<ProgramOptions, "preload" | "env"> {
  return { preload, env: { TEST_CLOCK_OFF_BY_MS: String(offByMs) } };
}

/** Three gateways over MariaDB, as processes of their own. There are always two, and always a sweeper or its successor. */
export async function openRoles(random: SeededRandom, clocks: Clocks = wrongClocks): Promise<ChaosShop> {
  const shop = await ShopInRoles.open({});
  let gateways: string[] = [];
  let sweeper = "";
  let started = 0;
  const nameOf = (role: string): string => `${role} ${++started}`;
  const join_ = async (offByMs = random.pick(clocks)): Promise<string> => {
    const name = nameOf("gateway");
    await shop.start(name, withClock(offByMs));
    gateways.push(name);
    return name;
  };
  const leave = (): RunningProgram => {
    const name = random.pick(gateways);
    gateways = gateways.filter((one) => one !== name);
    return shop.program(name);
  };
  const startSweeper = async (): Promise<void> => {
    const name = nameOf("sweeper");
    await shop.start(name, withClock(random.pick(clocks)));
    sweeper = name;
  };
  const disturbances: Record<string, () => Promise<unknown>> = {
    "kill -9 of a gateway": () => leave().process.kill("SIGKILL"),
    "a gateway leaves": () => leave().process.stop(),
    "kill -9 of the sweeper": () => shop.program(sweeper).process.kill("SIGKILL").then(startSweeper),
  };
  // Whoever buys needs these, which are killed in other tests.
  const carriers = ["relay", "consumer"].map((role) => shop.start(role));
  await Promise.all([...clocks.slice(0, gatewayCount).map(join_), startSweeper(), ...carriers]);
  return {
    name: "MariaDB",
    urls: () => gateways.map((name) => shop.program(name).url),
    async publish({ room, startsAtMs, units, limitPerUser }) {
      const sale = { id: saleId, title: "Spring", startsAtMs, endsAtMs: startsAtMs + endsAfterMs, room };
      await shop.ledger.sales.create(sale, [{ ...testProduct, total: units, limitPerUser }]);
    },
    async disturb() {
      const what = gateways.length < gatewayCount ? "a gateway joins" : random.pick(Object.keys(disturbances));
      await (disturbances[what] ?? join_)();
      return what;
    },
    async outcome() {
      return outcomeOf(await new RoomService({ rooms: shop.ledger.rooms }).read(saleId));
    },
    [Symbol.asyncDispose]: () => shop[Symbol.asyncDispose](),
  };
}

function outcomeOf({ entries, admitted, used, begins_at }: ShownRoom): ChaosOutcome {
  return { entries, admitted, used, beginsAtMs: Date.parse(begins_at ?? "") };
}

/** The whole program with its built-in ledger, which is killed or ended and started again with another clock. */
export async function openBuiltIn(random: SeededRandom, clocks: Clocks = wrongClocks): Promise<ChaosShop> {
  const { configFile, write, done } = commands({
    backend: { api_secret: testSecret },
    limits: { check_per_user: noLimit, check_per_address: noLimit, api_per_user: noLimit, room_per_user: noLimit },
  });
  let program: RunningProgram | undefined;
  const start = async (): Promise<void> => {
    program = await startProgram(configFile, withClock(random.pick(clocks)));
  };
  await start();
  return {
    name: "the built-in ledger",
    urls: () => (program === undefined ? [] : [program.url]),
    async publish({ room, startsAtMs, units, limitPerUser }) {
      const iso = (ms: number): string => new Date(ms).toISOString();
      const { mode, opensAtMs, closesAtMs, admitPer1000Seconds, useWithinMs } = room;
      const { name, priceMinor, currency } = testProduct;
      const product = { id: productId, name, price_minor: priceMinor, currency, units };
      await done(
        "create",
        write({
          ...{ id: saleId, title: "Spring", starts_at: iso(startsAtMs), ends_at: iso(startsAtMs + endsAfterMs) },
          products: [{ ...product, limit_per_user: limitPerUser }],
          room: {
            ...{ mode, opens_at: iso(opensAtMs), ...(closesAtMs !== undefined && { closes_at: iso(closesAtMs) }) },
            ...(mode !== "ballot" && { admit_per_second: admitPer1000Seconds / 1_000 }),
            use_within_seconds: useWithinMs / 1_000,
          },
        }),
      );
    },
    async disturb() {
      const isKilled = random.happens(0.7);
      const before = program!;
      program = undefined;
      await (isKilled ? before.process.kill("SIGKILL") : before.process.stop());
      await start();
      return isKilled ? "kill -9, and a start" : "an end, and a start";
    },
    async outcome() {
      return outcomeOf(await done("room", "show", saleId));
    },
    async [Symbol.asyncDispose]() {
      await program?.process.stop();
    },
  };
}
