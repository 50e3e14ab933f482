import { Redis } from "ioredis";
import type { MysqlDatabase } from "../../../tools/test-services/index.ts";
import { systemClock } from "../../index.ts";
import type { Sale } from "../../src/domain/sale.ts";
import type { Gate } from "../../src/gate/gate.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { silentLogger } from "../../src/logging/logger.ts";
import type { ReservationQueue } from "../../src/queue/queue.ts";
import { brokerQueueName } from "../../src/queue/rabbitmq-topology.ts";
import { externalGateServer, openGate, openLedger, openQueue } from "../../src/roles/system-parts.ts";
import { loadSettings } from "../../src/settings/load-settings.ts";
import type { ToldAnswer } from "../../src/verify/told-answer.ts";
import { FaultyProxy } from "../fakes/faulty-proxy.ts";
import { testProduct, testSecret } from "../fakes/test-gateway.ts";
import { withConnection } from "../contract/queue/broker-connection.ts";
import { startProgramServices } from "../roles/program-services.ts";
import { configFolder, type ProgramOptions, type RunningProgram, startProgram } from "../roles/program.ts";
import {
  type Buyer,
  type CrowdOptions,
  type CrowdResult,
  gatherBuyers,
  runCrowd,
  whatTheyWereTold,
} from "../simulation/crowd.ts";
import { untilVerified } from "./until-verified.ts";

const noLimit = { rate_per_second: 0, burst: 1 };
const hourMs = 3_600_000;

type Config = Readonly<Record<string, object>>;

export interface ShopInRolesOptions {
  /** Product id to its units: a sale that is open for an hour. Without it there is no sale yet. */
  readonly products?: Readonly<Record<string, number>>;
  /** Parts of config.json in place of those of new servers: a gate or a broker of the test's own, say. */
  readonly config?: Config;
}

type SaleTimes = Pick<Sale, "startsAtMs" | "endsAtMs" | "room" | "invitedOnly">;

interface RoleOptions extends Omit<ProgramOptions, "role"> {
  /** Replaces parts of the config.json: so a role reaches a server by another way. */
  readonly config?: Config;
}

type CrowdChoice = Partial<Pick<CrowdOptions, "concurrency" | "onAnswer">>;

/** Buyers who have asked for a product, and the reservations that some of them hold. */
export interface Heard extends Pick<CrowdResult, "held"> {
  readonly productId: string;
  readonly buyers: readonly Buyer[];
}

export interface Crowd extends Heard, Pick<CrowdResult, "repeated" | "statuses"> {}

/**
 * An open sale on real servers, and its roles as processes that a test starts, kills and reaches by lines of its own. The
 * shop keeps what every buyer was told, and has the verifier compare it.
 */
export class ShopInRoles implements AsyncDisposable {
  readonly mysql: MysqlDatabase;
  readonly configFile: string;
  readonly ledger: Ledger;
  readonly gate: Gate;
  readonly queue: ReservationQueue;
  readonly told: ToldAnswer[] = [];
  readonly #config: Config;
  /** Product id to its sale. */
  readonly #sales = new Map<string, Sale>();
  readonly #running = new Map<string, RunningProgram>();
  readonly #cleanup: AsyncDisposableStack;

  private constructor(mysql: MysqlDatabase, config: Config, cleanup: AsyncDisposableStack) {
    this.mysql = mysql;
    this.#config = config;
    this.#cleanup = cleanup;
    this.configFile = configFolder(config).configFile;
    // The test itself is patient, so that it does not depend on the machine's speed.
    const patient = { ...config, limits: { ...config["limits"], gate_timeout_ms: 10_000 } };
    const settings = loadSettings(configFolder(patient).configFile, {});
    this.ledger = openLedger(settings, systemClock.now);
    cleanup.defer(() => this.ledger.close());
    this.gate = openGate(settings, externalGateServer(settings)!, silentLogger);
    cleanup.defer(() => this.gate.close());
    this.queue = openQueue(settings);
    cleanup.defer(() => this.queue.close());
    cleanup.defer(() => this.stop());
  }

  static async open({ products, config = {} }: ShopInRolesOptions): Promise<ShopInRoles> {
    const cleanup = new AsyncDisposableStack();
    const services = await startProgramServices();
    cleanup.defer(() => services.stop());
    const all = {
      backend: { api_secret: testSecret },
      ...services.config,
      ...config,
      sale: { demo: false, pay_within_seconds: 3_600, ...config["sale"] },
      limits: { check_per_user: noLimit, check_per_address: noLimit, api_per_user: noLimit, ...config["limits"] },
    };
    const shop = new ShopInRoles(services.mysql, all, cleanup);
    await shop.ledger.migrate();
    if (products !== undefined) await shop.addSale(testProduct.saleId, products);
    return shop;
  }

  async addSale(id: string, products: Readonly<Record<string, number>>, times?: SaleTimes): Promise<void> {
    const open = { startsAtMs: Date.now() - 1_000, endsAtMs: Date.now() + hourMs };
    const sale = { id, title: id, ...(times ?? open) };
    const rows = Object.entries(products).map(([productId, total]) => ({
      ...{ ...testProduct, id: productId, saleId: id, total },
    }));
    await this.ledger.sales.create(sale, rows);
    for (const productId of Object.keys(products)) this.#sales.set(productId, sale);
  }

  /** Starts a role, whose name may have a number behind it. */
  async start(name: string, { config, ...options }: RoleOptions = {}): Promise<RunningProgram> {
    const configFile = config === undefined ? this.configFile : configFolder({ ...this.#config, ...config }).configFile;
    const [role] = name.split(" ") as [string];
    const program = await startProgram(configFile, { role, ...options });
    this.#running.set(name, program);
    return program;
  }

  /** A line to a server, and the part of config.json with which a role uses it. Both servers are named by a URL. */
  async lineTo(server: "redis" | "rabbitmq"): Promise<{ readonly line: FaultyProxy; readonly config: Config }> {
    const settings = this.#config[server] as { readonly url: string };
    const url = new URL(settings.url);
    const line = await FaultyProxy.before({ host: url.hostname, port: Number(url.port) });
    this.#cleanup.defer(() => line.stop());
    url.port = String(line.port);
    return { line, config: { [server]: { ...settings, url: url.href } } };
  }

  /** A client of the gate's server, with which a test damages the gate's data. */
  redis(): Redis & Disposable {
    const client = new Redis((this.#config["redis"] as { readonly url: string }).url);
    return Object.assign(client, { [Symbol.dispose]: () => client.disconnect() });
  }

  /** Deletes the queue at the broker, as an operator may do by mistake. */
  async deleteQueue(): Promise<void> {
    const { url, queue_name } = this.#config["rabbitmq"] as { readonly url: string; readonly queue_name: string };
    await withConnection(url, (connection) => connection.queueDelete({ queue: brokerQueueName(queue_name) }));
  }

  program(name: string): RunningProgram {
    const program = this.#running.get(name);
    if (program === undefined) throw new Error(`the role ${name} was not started`);
    return program;
  }

  buyersOf(productId: string, count: number, prefix: string): Buyer[] {
    const { id: saleId, startsAtMs, endsAtMs } = this.#sales.get(productId)!;
    // Tokens outlive the sale for a while, as those of the gateway.
    const times = { startsAtMs, endsAtMs: endsAtMs + 60_000 };
    return gatherBuyers({ secret: testSecret, saleId, productId, prefix, ...times }, count);
  }

  /** Every buyer asks twice, in a mixed order, until the answers are final. */
  async crowd(productId: string, buyers: readonly Buyer[], options: CrowdChoice = {}): Promise<Crowd> {
    const url = (): string => this.program("gateway").url;
    const load = { requests: buyers.length * 2, concurrency: 16, seed: 20_261_129, ...options };
    const result = await runCrowd({ url, productId, buyers, ...load });
    if (result.contradictions.length > 0) throw new Error(result.contradictions.join("\n"));
    const { held, repeated, statuses } = result;
    return { productId, buyers, held, repeated, statuses };
  }

  /** Waits for the outcome of each reservation, and keeps the answers for the verifier. Gives how many have won. */
  async hear({ productId, buyers, held }: Heard, gateway = "gateway"): Promise<number> {
    const url = (): string => this.program(gateway).url;
    const answers = await whatTheyWereTold({ url, productId, buyers }, held);
    this.told.push(...answers);
    return answers.filter(({ answer }) => answer === "won").length;
  }

  /**
   * Waits until all invariants hold at rest, against ledger, gate, queue and what each buyer was told. An invariant that
   * could not be checked counts as violated. `demandLeft`: more buyers asked than there are units.
   */
  async untilVerified({ demandLeft }: { readonly demandLeft: boolean }): Promise<void> {
    const { ledger, gate, queue, told } = this;
    for (const saleId of new Set([...this.#sales.values()].map(({ id }) => id))) {
      await untilVerified({ saleId, ledger, gate, queue, told, demandLeft }, 30_000);
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ process }) => process.stop()));
    this.#running.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanup.disposeAsync();
  }
}
