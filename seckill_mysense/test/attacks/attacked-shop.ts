import { Database } from "bun:sqlite";
import { expect } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type BundleTokenClaims, ReservationIds, type SaleTokenClaims, SaleTokens, systemClock } from "../../index.ts";
import type { SaleProduct } from "../../src/domain/sale.ts";
import { sqliteLedger } from "../../src/ledger/sqlite-ledger.ts";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { sendBytes } from "../fakes/send-bytes.ts";
import { residentBytes } from "../fakes/resident-bytes.ts";
import { configFolder, runProgram, type RunningProgram, startProgram } from "../roles/program.ts";

export const shopSecret = "attacked-shop-0123456789-abcdefghijklmnopqrs";
const hourMs = 3_600_000;
const day = 24 * hourMs;

/** Three sales: one is open, one has not started, one has ended. */
const sales = { open: "spring", later: "summer", past: "winter" } as const;

/** The whole system as a process, to be attacked over the network; it can sign real tokens. */
export interface AttackedShop extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** The listener for operators. */
  readonly operationsUrl: string;
  /** The listener for other programs, where the settings name one. */
  readonly quantityUrl: string;
  /** A token as the shop would sign it. The options replace claims; `secret` signs with another secret. */
  token(userId: string, claims?: Partial<SaleTokenClaims>, secret?: string): string;
  /** The same for a bundle of headphones and a speaker. */
  bundleToken(userId: string, claims?: Partial<BundleTokenClaims>): string;
  /** Requests headphones from /check. */
  check(token: string, headers?: Record<string, string>): Promise<Response>;
  /** Sends bytes unchanged, and returns all that is received until the server closes or `timeoutMs` has passed. */
  raw(bytes: string, timeoutMs?: number): Promise<string>;
  /** Notes that an order of this user is legal, or one for each of these products. */
  allow(userId: string, ...productIds: string[]): string;
  /** A legal buyer takes a unit. */
  legalBuyer(): Promise<void>;
  /** Stops the system, and checks that the ledger holds exactly the orders of the legal buyers. */
  expectOnlyLegalOrders(): Promise<void>;
  metrics(): Promise<string>;
  /** The memory that the process has in RAM, in bytes. */
  residentBytes(): number;
}

/** Products of the open sale: id to units. */
const units = { headphones: 1_000, speaker: 5 };

export async function startAttackedShop(parts: Record<string, object> = {}): Promise<AttackedShop> {
  const { folder, configFile } = configFolder({
    ...parts,
    backend: { api_secret: shopSecret, ...parts["backend"] },
    sale: { demo: false },
  });
  const nowMs = Date.now();
  await writeSales(join(folder, "data"), nowMs);
  const program = await startProgram(configFile);
  const ready = async (): Promise<boolean> =>
    (await fetch(`${program.url}/readyz`, { signal: AbortSignal.timeout(1_000) })).ok;
  await waitUntil(() => ready().catch(() => false), { what: "the shop to be ready", timeoutMs: 20_000 });
  return new Shop(program, configFile, nowMs);
}

async function writeSales(dataDir: string, nowMs: number): Promise<void> {
  mkdirSync(dataDir);
  const ledger = sqliteLedger({ file: join(dataDir, "ledger.sqlite"), now: systemClock.now });
  await ledger.migrate();
  const product = (id: string, saleId: string, total: number): SaleProduct => ({
    id,
    saleId,
    name: id,
    priceMinor: 4_999,
    currency: "EUR",
    total,
    limitPerUser: 1,
    epoch: 1,
  });
  const write = (id: string, startsAtMs: number, endsAtMs: number, products: readonly SaleProduct[]): Promise<void> =>
    ledger.sales.create({ id, title: id, startsAtMs, endsAtMs }, products);
  const open = Object.entries(units).map(([id, total]) => product(id, sales.open, total));
  await write(sales.open, nowMs - hourMs, nowMs + day, open);
  await write(sales.later, nowMs + hourMs, nowMs + day, [product("tent", sales.later, 5)]);
  await write(sales.past, nowMs - day, nowMs - hourMs, [product("sledge", sales.past, 5)]);
  await ledger.close();
}

class Shop implements AttackedShop {
  readonly url: string;
  readonly port: number;
  readonly operationsUrl: string;
  readonly quantityUrl: string;
  readonly #program: RunningProgram;
  readonly #configFile: string;
  readonly #nowMs: number;
  /** By user, the products. */
  readonly #allowed = new Map<string, readonly string[]>();
  readonly #signers = new Map<string, { tokens: SaleTokens; ids: ReservationIds }>();

  constructor(program: RunningProgram, configFile: string, nowMs: number) {
    this.#program = program;
    this.#configFile = configFile;
    this.#nowMs = nowMs;
    this.url = program.url;
    this.port = Number(new URL(program.url).port);
    this.operationsUrl = program.operationsUrl;
    const [, quantityPort] = /"quantityPort":(\d+)/.exec(program.process.stdout()) ?? [];
    this.quantityUrl = `http://127.0.0.1:${quantityPort}`;
  }

  token(userId: string, claims: Partial<SaleTokenClaims> = {}, secret = shopSecret): string {
    const { tokens, ids } = this.#signer(secret);
    const productId = claims.productId ?? "headphones";
    return tokens.issue({
      saleId: sales.open,
      productId,
      userId,
      notBeforeMs: this.#nowMs - hourMs,
      expiresAtMs: this.#nowMs + hourMs,
      reservationId: ids.create(userId, productId),
      queuePosition: 0,
      ...claims,
    });
  }

  bundleToken(userId: string, claims: Partial<BundleTokenClaims> = {}): string {
    const { tokens, ids } = this.#signer(shopSecret);
    return tokens.issue({
      saleId: sales.open,
      parts: [
        { productId: "headphones", quantity: 1 },
        { productId: "speaker", quantity: 1 },
      ],
      userId,
      notBeforeMs: this.#nowMs - hourMs,
      expiresAtMs: this.#nowMs + hourMs,
      reservationId: ids.createForBundle(),
      queuePosition: 0,
      ...claims,
    });
  }

  #signer(secret: string): { tokens: SaleTokens; ids: ReservationIds } {
    let signer = this.#signers.get(secret);
    if (signer === undefined) {
      signer = { tokens: new SaleTokens([secret]), ids: new ReservationIds([secret]) };
      signer.tokens.setSales(Object.values(sales));
      this.#signers.set(secret, signer);
    }
    return signer;
  }

  check(token: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.url}/check?productID=headphones`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, ...headers },
    });
  }

  raw(bytes: string, timeoutMs?: number): Promise<string> {
    return sendBytes(this.port, bytes, timeoutMs);
  }

  allow(userId: string, ...productIds: string[]): string {
    this.#allowed.set(userId, productIds.length === 0 ? ["headphones"] : productIds);
    return userId;
  }

  async legalBuyer(): Promise<void> {
    const userId = this.allow(`legal-${this.#allowed.size}`);
    const response = await this.check(this.token(userId));
    const text = await response.text();
    if (response.status !== 202) throw new Error(`a legal buyer got ${response.status}: ${text}`);
  }

  async metrics(): Promise<string> {
    return (await fetch(`${this.operationsUrl}/metrics`)).text();
  }

  residentBytes(): number {
    return residentBytes(this.#program.process.pid);
  }

  async expectOnlyLegalOrders(): Promise<void> {
    const legal = [...this.#allowed].flatMap(([userId, products]) => products.map((product) => `${userId} ${product}`));
    const { length } = legal;
    await waitUntil(() => this.#orders().length >= length, { what: `${length} legal orders`, timeoutMs: 30_000 });
    await this.#program.process.stop();
    const verified = await runProgram(["verify", "--at-rest", "--config", this.#configFile]);
    if (verified.code !== 0) throw new Error(`the sale is not clean:\n${verified.stdout}${verified.stderr}`);
    expect(this.#orders().sort()).toEqual(legal.sort());
  }

  /** User and product of each order that holds its units, straight from the ledger's file. */
  #orders(): string[] {
    const database = new Database(join(this.#configFile, "../data/ledger.sqlite"), { readonly: true });
    try {
      const rows = database
        .query("SELECT user_id, product_id FROM orders WHERE state IN ('reserved', 'paid')")
        .all() as Record<string, string>[];
      return rows.map((row) => `${row["user_id"]} ${row["product_id"]}`);
    } finally {
      database.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.process.stop();
  }
}
