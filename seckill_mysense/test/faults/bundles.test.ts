import { describe, expect, test } from "bun:test";
import { propertySeed } from "../../../tools/property-seed.ts";
import { SeededRandom } from "../../../tools/seeded-random.ts";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { bundleId, partIds } from "../../src/domain/bundle.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { mysqlLedger } from "../../src/ledger/mysql-ledger.ts";
import type { ToldAnswer } from "../../src/verify/told-answer.ts";
import { SaleTokens } from "../../src/authorization/sale-token.ts";
import { TestBuyer } from "../fakes/test-buyer.ts";
import { testProduct, testSecret } from "../fakes/test-gateway.ts";
import { programServices, startProgramServices } from "../roles/program-services.ts";
import { configFolder, type RunningProgram, runProgram, startProgram } from "../roles/program.ts";
import { type Asked, gatherBuyers, whatAskersWereTold } from "../simulation/crowd.ts";
import { verifiedAtRest } from "./sale-on-services.ts";

const { missing, reason } = programServices;
const timeoutMs = 300_000;
/** Units of each product. A bundle of all three is limited by the sofas. */
const stock = { lamp: 60, sofa: 35, table: 45 };
type ProductId = keyof typeof stock;
const productIds = Object.keys(stock) as ProductId[];
const bundles = 90;
const singles = 60;
const limitPerUser = 100;
const noLimit = { rate_per_second: 0, burst: 1 };
const roles = ["gateway 1", "gateway 2", "relay", "consumer", "sweeper"] as const;
type Role = (typeof roles)[number];

interface Bundle {
  readonly userId: string;
  readonly token: string;
  readonly id: string;
  readonly parts: readonly { readonly productId: string; readonly quantity: number }[];
  /** The code of the final refusal; empty for a bundle that was accepted. */
  refusal: string;
}

/** A buyer of one product. */
interface Single extends Asked {
  readonly productId: string;
  readonly reservationId: string;
  held: string | undefined;
}

describe.skipIf(missing)(`bundles in a crowd, while roles are killed${reason}`, () => {
  test(
    "every buyer gets all of the bundle or none, and every unit is sold or on sale",
    async () => {
      const random = new SeededRandom(propertySeed());
      const services = await startProgramServices();
      const { configFile } = configFolder({
        backend: { api_secret: testSecret },
        // Without the hint, every bundle takes units that it has to give back.
        limits: { check_per_user: noLimit, check_per_address: noLimit, api_per_user: noLimit, sold_out_hint_ms: 0 },
        sale: { demo: false, bundle_seconds: 5, pay_within_seconds: 3_600 },
        ...services.config,
      });
      await using shop = await BundleShop.open(configFile, mysqlLedger(services.mysql));
      for (const role of roles) await shop.start(role);

      const wanted = Array.from({ length: bundles }, (_unused, index) => shop.bundle(`bundle-buyer-${index}`, random));
      const rivals = productIds.flatMap((productId) => shop.singles(productId, singles / productIds.length));
      const buying = Promise.all([
        ...wanted.map(async (bundle) => {
          await Bun.sleep(random.between(0, 3_000));
          await shop.buyBundle(bundle, random);
        }),
        ...rivals.map(async (rival) => {
          await Bun.sleep(random.between(0, 3_000));
          await shop.buyOne(rival);
        }),
      ]);
      for (let kills = 0; kills < 8; kills++) {
        await Bun.sleep(random.between(0, 250));
        const role = roles[kills < 2 ? kills : random.between(0, roles.length - 1)]!;
        await shop.kill(role);
        await shop.start(role);
      }
      await buying;
      // A bundle whose gateway was killed between two gates is given up when its time is over.
      await shop.untilAtRest();
      const asked = { bundles: wanted, singles: rivals };
      await verifiedAtRest(configFile, await shop.toldTo(asked));

      let won = 0;
      let broken = 0;
      for (const bundle of wanted) {
        const status = await shop.told(bundle);
        const record = await shop.ledger.bundles.read(bundle.id);
        const orders = record?.orders ?? [];
        if (record?.state === "broken") broken++;
        const active = orders.filter(({ state }) => state === "reserved");
        if (status === "won") {
          won++;
          const ordered = active.map(({ productId, quantity }) => ({ productId, quantity }));
          expect([bundle.id, ordered]).toEqual([bundle.id, [...bundle.parts]]);
        } else {
          expect([bundle.id, ["rejected", "reservation_not_found"], active]).toEqual([
            bundle.id,
            expect.arrayContaining([status]),
            [],
          ]);
        }
        // Nobody who was refused for good pays for a part of it.
        if (bundle.refusal !== "") expect([bundle.id, status]).not.toEqual([bundle.id, "won"]);
      }
      expect(won).toBeGreaterThan(0);
      expect(won).toBeLessThan(bundles);
      // Some had units that they had to give back.
      expect(broken).toBeGreaterThan(0);

      // What is not sold is on sale: buyers who come now take every unit of it.
      for (const productId of productIds) {
        const late = shop.singles(productId, stock[productId], "late");
        for (const single of late) await shop.buyOne(single);
        rivals.push(...late);
      }
      await waitUntil(
        async () => {
          const totals = await Promise.all(productIds.map((id) => shop.ledger.sales.readTotals(id)));
          return totals.every((total) => total!.reserved + total!.sold === total!.total);
        },
        { what: "every unit to be sold", timeoutMs: 40_000 },
      );
      await verifiedAtRest(configFile, await shop.toldTo(asked));
      await shop.close();
      await services.stop();
    },
    timeoutMs,
  );

  test(
    "a bundle whose gateway is killed between two gates is given up when its time is over, and its unit is sold to others",
    async () => {
      const services = await startProgramServices();
      const { configFile } = configFolder({
        backend: { api_secret: testSecret },
        sale: { demo: false, bundle_seconds: 2, pay_within_seconds: 3_600 },
        ...services.config,
      });
      await using shop = await BundleShop.open(configFile, mysqlLedger(services.mysql));
      for (const role of roles) await shop.start(role);
      const pause = ["sale", "pause", "spring", "--product", "sofa", "--config", configFile];
      expect((await runProgram(pause)).code).toBe(0);
      const bundle = shop.bundleOf("left-alone", [
        { productId: "lamp", quantity: stock.lamp },
        { productId: "sofa", quantity: 1 },
      ]);
      const headers = { authorization: `Bearer ${bundle.token}` };
      const paused = await fetch(`${shop.url(1)}/check`, { method: "POST", headers });
      expect([paused.status, await paused.json()]).toEqual([503, expect.objectContaining({ productID: "sofa" })]);
      await shop.kill("gateway 1");
      await waitUntil(async () => (await shop.ledger.bundles.read(bundle.id))?.state === "collecting", {
        what: "the first part to be recorded",
        timeoutMs: 20_000,
        intervalMs: 20,
      });
      await shop.start("gateway 1");
      await shop.untilAtRest();
      expect(await shop.ledger.bundles.read(bundle.id)).toMatchObject({ state: "broken", reason: "bundle_broken" });
      expect(await shop.told(bundle)).toBe("rejected");
      // All lamps were in the bundle.
      const [late] = shop.singles("lamp", 1);
      await shop.buyOne(late!);
      await waitUntil(async () => (await shop.ledger.sales.readTotals("lamp"))!.reserved === 1, {
        what: "a lamp to be sold",
        timeoutMs: 20_000,
      });
      await verifiedAtRest(configFile, await shop.toldTo({ bundles: [bundle], singles: [late!] }));
      await shop.close();
      await services.stop();
    },
    timeoutMs,
  );
});

/** The sale in processes of their own: two gateways, a relay, a consumer and a sweeper, which a test kills. */
class BundleShop implements AsyncDisposable {
  readonly ledger: Ledger;
  readonly #configFile: string;
  readonly #tokens = new SaleTokens([testSecret]);
  readonly #running = new Map<Role, RunningProgram>();
  readonly #sale = { id: "spring", title: "Spring", startsAtMs: Date.now() - 1_000, endsAtMs: Date.now() + 3_600_000 };

  private constructor(configFile: string, ledger: Ledger) {
    this.#configFile = configFile;
    this.ledger = ledger;
    this.#tokens.setSales([this.#sale.id]);
  }

  static async open(configFile: string, ledger: Ledger): Promise<BundleShop> {
    const shop = new BundleShop(configFile, ledger);
    await ledger.migrate();
    const products = productIds.map((id) => ({ ...testProduct, id, name: id, total: stock[id], limitPerUser }));
    await ledger.sales.create(shop.#sale, products);
    return shop;
  }

  async start(role: Role): Promise<void> {
    this.#running.set(role, await startProgram(this.#configFile, { role: role.split(" ")[0]! }));
  }

  async kill(role: Role): Promise<void> {
    await this.#running.get(role)!.process.kill("SIGKILL");
  }

  /** One of the gateways: the other one while this one is away. */
  url(gateway: number): string {
    return this.#running.get(gateway === 1 ? "gateway 1" : "gateway 2")!.url;
  }

  /** Two or three products, one or two units of each. */
  bundle(userId: string, random: SeededRandom): Bundle {
    const left = random.between(0, productIds.length);
    const parts = productIds
      .filter((_id, index) => index !== left)
      .map((productId) => ({ productId, quantity: random.between(1, 10) === 1 ? 2 : 1 }));
    return this.bundleOf(userId, parts);
  }

  bundleOf(userId: string, parts: Bundle["parts"]): Bundle {
    const id = bundleId(`of-${userId}`);
    const { id: saleId, startsAtMs: notBeforeMs, endsAtMs: expiresAtMs } = this.#sale;
    const claims = { saleId, userId, parts, reservationId: id, notBeforeMs, expiresAtMs, queuePosition: 0 };
    return { userId, id, parts, token: this.#tokens.issue(claims), refusal: "" };
  }

  singles(productId: ProductId, count: number, name = "rival"): Single[] {
    const { id: saleId, ...times } = this.#sale;
    return gatherBuyers({ secret: testSecret, saleId, productId, ...times, prefix: `${name}-${productId}` }, count).map(
      ({ token, reservationId }) => ({ token, productId, reservationId, held: undefined }),
    );
  }

  /** Asks one gateway or the other until the answer is final. */
  async buyBundle(bundle: Bundle, random: SeededRandom): Promise<void> {
    const { status, error } = await this.#ask("/check", bundle.token, random);
    if (status === 202 || status === 200) return;
    expect(["sold_out", "too_few_left", "bundle_broken"]).toContain(error);
    bundle.refusal = error;
  }

  async buyOne(single: Single): Promise<void> {
    const { status } = await this.#ask(`/check?productID=${single.productId}`, single.token);
    expect([200, 202, 410]).toContain(status);
    single.held = status === 410 ? undefined : single.reservationId;
  }

  async #ask(path: string, token: string, random?: SeededRandom): Promise<{ status: number; error: string }> {
    for (let tries = 0; tries < 400; tries++) {
      const url = this.url(random?.between(1, 2) ?? 1 + (tries % 2));
      const answer = await fetch(url + path, { method: "POST", headers: { authorization: `Bearer ${token}` } }).catch(
        () => undefined,
      );
      const body = (await answer?.json().catch(() => undefined)) as { error?: string } | undefined;
      if (answer !== undefined && body !== undefined && answer.status !== 503) {
        return { status: answer.status, error: body.error ?? "" };
      }
      await Bun.sleep(50);
    }
    throw new Error(`no final answer from ${path}`);
  }

  /** What the buyer is told at last: the status, or the code of the failure. The ledger may know nothing yet of a bundle. */
  async told({ id, token }: Bundle): Promise<string> {
    let told = "pending";
    const isDecided = async (): Promise<boolean> => {
      const { body } = await new TestBuyer(this.url(1)).send("GET", `/api/reservations/${id}`, { bearer: token });
      told = body.status ?? body.error;
      return told !== "pending";
    };
    await waitUntil(isDecided, { what: `${id} to be decided`, timeoutMs: 40_000, intervalMs: 50 });
    return told;
  }

  /** What all are told at last, about each part of a bundle. */
  async toldTo(asked: {
    readonly bundles: readonly Bundle[];
    readonly singles: readonly Single[];
  }): Promise<ToldAnswer[]> {
    const told = await whatAskersWereTold(() => this.url(1), asked.singles);
    for (const bundle of asked.bundles) {
      const answer = (await this.told(bundle)) === "won" ? "won" : "lost";
      const ids = partIds({ bundleId: bundle.id, parts: bundle.parts.length });
      for (const [index, { productId }] of bundle.parts.entries()) {
        told.push({ reservationId: ids[index]!, productId, userId: bundle.userId, answer });
      }
    }
    return told;
  }

  /** Waits until no bundle is undecided, and all units that are to come back are there. */
  async untilAtRest(): Promise<void> {
    const isAtRest = async (): Promise<boolean> => {
      const { collecting, unreleased } = await this.ledger.bundles.figures();
      return collecting + unreleased === 0 && (await this.ledger.returns.pending(1)).length === 0;
    };
    await waitUntil(isAtRest, { what: "all bundles to be decided", timeoutMs: 60_000, intervalMs: 250 });
  }

  async close(): Promise<void> {
    for (const { process } of this.#running.values()) await process.stop();
    await this.ledger.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ process }) => process.stop()));
  }
}
