import { join } from "node:path";
import type { SeededRandom } from "../../../../tools/seeded-random.ts";
import type { RoomSettings } from "../../../src/domain/room.ts";
import { testProduct, testSecret } from "../../fakes/test-gateway.ts";
import { commands } from "../../roles/sale-commands.ts";
import { type ProgramOptions, type RunningProgram, startProgram } from "../../roles/program.ts";
import { ShopInRoles } from "../shop-in-roles.ts";

/** A shop whose processes are killed, end and join, each with a clock of its own. */
export interface ChaosShop extends AsyncDisposable {
  readonly name: string;
  /** Where gateways answer. Some may have been killed since. */
  urls(): readonly string[];
  publish(room: RoomSettings, startsAtMs: number): Promise<void>;
  /** Does something to a process, and says what. */
  disturb(): Promise<string>;
  /** How many places were used, and when the admission began. */
  outcome(): Promise<{ readonly used: number; readonly beginsAtMs: number }>;
}

const { id: productId, saleId } = testProduct;
const preload = join(import.meta.dir, "../shifted-clock.ts");
const endsAfterMs = 3_600_000;
const noLimit = { rate_per_second: 0, burst: 1 };
const gatewayCount = 3;

/** Clocks that are up to ten seconds apart. */
const clocks = [-5_000, 0, 5_000] as const;

function withClock(offByMs: number): Pick<ProgramOptions, "preload" | "env"> {
  return { preload, env: { TEST_CLOCK_OFF_BY_MS: String(offByMs) } };
}

/** Three gateways over MariaDB, as processes of their own. There are always two, and always a sweeper or its successor. */
export async function openRoles(random: SeededRandom): Promise<ChaosShop> {
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
  await Promise.all([...clocks.slice(0, gatewayCount).map(join_), startSweeper()]);
  return {
    name: "MariaDB",
    urls: () => gateways.map((name) => shop.program(name).url),
    publish: (room, startsAtMs) =>
      shop.addSale(saleId, { [productId]: 1_000 }, { startsAtMs, endsAtMs: startsAtMs + endsAfterMs, room }),
    async disturb() {
      const what = gateways.length < gatewayCount ? "a gateway joins" : random.pick(Object.keys(disturbances));
      await (disturbances[what] ?? join_)();
      return what;
    },
    async outcome() {
      const { id } = (await shop.ledger.rooms.find(saleId))!;
      const { used, beginsAtMs } = (await shop.ledger.rooms.state(id))!;
      return { used, beginsAtMs: beginsAtMs! };
    },
    [Symbol.asyncDispose]: () => shop[Symbol.asyncDispose](),
  };
}

/** The whole program with its built-in ledger, which is killed or ended and started again with another clock. */
export async function openBuiltIn(random: SeededRandom): Promise<ChaosShop> {
  const { configFile, write, done } = commands({
    backend: { api_secret: testSecret },
    limits: { check_per_user: noLimit, check_per_address: noLimit, api_per_user: noLimit, room_per_user: noLimit },
  });
  let program: RunningProgram | undefined;
  const start = async (): Promise<void> => {
    program = await startProgram(configFile, withClock(random.pick(clocks)));
  };
  return {
    name: "the built-in ledger",
    urls: () => (program === undefined ? [] : [program.url]),
    async publish(room, startsAtMs) {
      const iso = (ms: number): string => new Date(ms).toISOString();
      const { mode, opensAtMs, closesAtMs, admitPer1000Seconds, useWithinMs } = room;
      const { name, priceMinor, currency, limitPerUser } = testProduct;
      const product = { id: productId, name, price_minor: priceMinor, currency, units: 1_000 };
      await done(
        "create",
        write({
          ...{ id: saleId, title: "Spring", starts_at: iso(startsAtMs), ends_at: iso(startsAtMs + endsAfterMs) },
          products: [{ ...product, limit_per_user: limitPerUser }],
          room: {
            ...{ mode, opens_at: iso(opensAtMs), ...(closesAtMs !== undefined && { closes_at: iso(closesAtMs) }) },
            ...{ admit_per_second: admitPer1000Seconds / 1_000, use_within_seconds: useWithinMs / 1_000 },
          },
        }),
      );
      await start();
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
      const { used, begins_at: beginsAt } = await done("room", "show", saleId);
      return { used, beginsAtMs: Date.parse(beginsAt as string) };
    },
    async [Symbol.asyncDispose]() {
      await program?.process.stop();
    },
  };
}
