import { expect } from "bun:test";
import { join } from "node:path";
import { Redis } from "ioredis";
import { freshMysqlDatabase, waitUntil } from "../../../tools/test-services/index.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { mysqlLedger } from "../../src/ledger/mysql-ledger.ts";
import { sqliteLedger } from "../../src/ledger/sqlite-ledger.ts";
import { TestBuyer } from "../fakes/test-buyer.ts";
import { testProduct, testSecret } from "../fakes/test-gateway.ts";
import type { ToldAnswer } from "../../src/verify/told-answer.ts";
import { whatAskersWereTold } from "../simulation/crowd.ts";
import { expectTruth } from "./expect-truth.ts";
import { configFolder, runProgram, type RunningProgram, startProgram } from "../roles/program.ts";

export interface FaultyShopOptions {
  /** The address of the gate's server. */
  readonly gateUrl: string;
  /** Product id to its units. */
  readonly products: Readonly<Record<string, number>>;
  /** MariaDB instead of SQLite. */
  readonly mysql?: boolean;
}

/** One buyer with what it was told at last. */
export interface Purchase {
  readonly buyer: TestBuyer;
  readonly productId: string;
  readonly token: string;
  status: number;
  reservation: string;
}

/**
 * The whole program in a process of its own, with a gate that a test may damage: a sale that is open, any products, and
 * buyers with tokens.
 */
export class FaultyShop {
  readonly configFile: string;
  readonly redis: Redis;
  readonly ledger: Ledger;
  program: RunningProgram | undefined;
  readonly #cleanUps: (() => Promise<unknown>)[] = [];
  #buyers = 0;
  readonly #purchases: Purchase[] = [];
  /** What each buyer was told in the end. */
  #told: readonly ToldAnswer[] = [];

  private constructor(configFile: string, ledger: Ledger, redis: Redis) {
    this.configFile = configFile;
    this.ledger = ledger;
    this.redis = redis;
  }

  static async open({ gateUrl, products, mysql = false }: FaultyShopOptions): Promise<FaultyShop> {
    const noLimit = { rate_per_second: 0, burst: 1 };
    const database = mysql ? await freshMysqlDatabase() : undefined;
    const { configFile, folder } = configFolder({
      backend: { api_secret: testSecret },
      redis: { url: gateUrl },
      sale: { demo: false, pay_within_seconds: 3_600 },
      limits: {
        ...{ check_per_user: noLimit, check_per_address: noLimit, login_per_name: noLimit },
        ...{ login_per_address: noLimit, api_per_user: noLimit },
      },
      ...(database && {
        mysql: {
          ...{ host: database.host, port: database.port, user_name: database.user },
          ...{ pass_word: database.password, db_name: database.database },
        },
      }),
    });
    const ledger = database ? mysqlLedger(database) : sqliteLedger({ file: join(folder, "data/ledger.sqlite") });
    await ledger.migrate();
    const sale = { id: "spring", title: "Spring", startsAtMs: Date.now() - 1_000, endsAtMs: Date.now() + 3_600_000 };
    const all = Object.entries(products).map(([id, total]) => ({ ...testProduct, id, total }));
    await ledger.sales.create(sale, all);
    const shop = new FaultyShop(configFile, ledger, new Redis(gateUrl));
    shop.redis.on("error", () => {});
    shop.#cleanUps.push(() => ledger.close());
    if (database) shop.#cleanUps.push(() => database.drop());
    return shop;
  }

  async start(role?: string): Promise<RunningProgram> {
    this.program = await startProgram(this.configFile, role === undefined ? {} : { role });
    return this.program;
  }

  /** Stops the program in good order, after every buyer has heard what became of its reservation. */
  async stop(): Promise<void> {
    await this.#hear();
    await this.program!.process.stop();
  }

  async #hear(): Promise<void> {
    const asked = this.#purchases.map(({ token, status, reservation }) => {
      return { token, held: status === 202 || status === 200 ? reservation : undefined };
    });
    this.#told = await whatAskersWereTold(() => this.program!.url, asked);
  }

  async close(): Promise<void> {
    await this.program?.process.stop();
    this.redis.disconnect();
    for (const cleanUp of this.#cleanUps) await cleanUp();
  }

  /** New buyers ask for a unit each. */
  async buy(productId: string, count: number): Promise<Purchase[]> {
    const named = Array.from({ length: count }, () => `Buyer ${++this.#buyers}`);
    return Promise.all(
      named.map(async (name) => {
        // After a restart the program has another port.
        const buyer = new TestBuyer(() => this.program!.url);
        await buyer.register(name);
        const token = await buyer.token(productId);
        const purchase = { buyer, productId, token, status: 0, reservation: "" };
        this.#purchases.push(purchase);
        await this.ask(purchase);
        return purchase;
      }),
    );
  }

  /** The buyer asks with its token, and again for as long as it is told to try again. */
  async ask(purchase: Purchase): Promise<number> {
    for (let tries = 0; tries < 200; tries++) {
      const answer = await purchase.buyer.check(purchase.productId, purchase.token);
      purchase.status = answer.status;
      purchase.reservation = answer.body.reservation ?? purchase.reservation;
      if (answer.status !== 503) break;
      await Bun.sleep(100);
    }
    return purchase.status;
  }

  /** What the buyer is told about its reservation: the status, or the code of the failure. */
  async told({ buyer, reservation, token }: Purchase): Promise<string> {
    const answer = await buyer.send("GET", `/api/reservations/${reservation}`, { bearer: token });
    return answer.body.status ?? answer.body.error;
  }

  async untilTold(purchases: readonly Purchase[], ...wanted: string[]): Promise<void> {
    await waitUntil(
      async () => {
        const told = await Promise.all(purchases.map((purchase) => this.told(purchase)));
        return told.every((status) => wanted.includes(status));
      },
      { what: `${purchases.length} buyers to be told ${wanted.join(" or ")}`, timeoutMs: 30_000, intervalMs: 100 },
    );
  }

  /** Waits until the product sells again. */
  async untilOpen(productId: string): Promise<void> {
    await waitUntil(async () => (await this.available(productId)) !== null, {
      what: `${productId} to be open`,
      timeoutMs: 40_000,
      intervalMs: 100,
    });
  }

  async available(productId: string): Promise<number | null> {
    const response = await fetch(`${this.program!.url}/api/sales`);
    const { sales } = (await response.json()) as { sales: { products: { id: string; available: number | null }[] }[] };
    return sales[0]!.products.find(({ id }) => id === productId)!.available;
  }

  async untilReturned(): Promise<void> {
    await waitUntil(async () => (await this.ledger.returns.pending(1)).length === 0, {
      what: "all units to be returned",
      timeoutMs: 20_000,
    });
  }

  /**
   * Waits until everything is at rest and the verifier is content, also with what every buyer was told; fails with its
   * report.
   */
  async verify(): Promise<string> {
    if (this.program!.process.exit === undefined) await this.#hear();
    const args = ["verify", "--at-rest", "--config", this.configFile];
    let report = await runProgram(args);
    for (let tries = 0; report.code !== 0 && tries < 20; tries++) {
      await Bun.sleep(250);
      report = await runProgram(args);
    }
    expect(`${report.code} ${report.stdout}${report.stderr}`).toContain("0 sale spring: no invariant is violated");
    await expectTruth(this.ledger, this.#told);
    return report.stdout;
  }

  /** The lines that the program has logged at level "error" or "warn" with this text. */
  logged(text: string): number {
    return this.program!.process.stdout()
      .split("\n")
      .filter((line) => line.includes(text)).length;
  }
}
