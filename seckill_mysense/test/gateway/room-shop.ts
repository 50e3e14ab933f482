import type { RoomSettings } from "../../src/domain/room.ts";
import { silentLogger } from "../../src/logging/logger.ts";
import { startRoomKeeper } from "../../src/rooms/room-keeper.ts";
import { TestBuyer } from "../fakes/test-buyer.ts";
import { startTestGateway, testProduct, type TestGateway } from "../fakes/test-gateway.ts";

const hourMs = 3_600_000;

/** A shop with a room, whose clock a test sets. Nothing happens by itself but the gateway's reading of the ledger. */
export class RoomShop implements AsyncDisposable {
  readonly shop: TestGateway;
  readonly #clock: { nowMs: number };
  readonly opensAtMs: number;
  readonly startsAtMs: number;

  private constructor(shop: TestGateway, clock: { nowMs: number }, startsAtMs: number) {
    this.shop = shop;
    this.#clock = clock;
    this.startsAtMs = startsAtMs;
    this.opensAtMs = clock.nowMs + 10_000;
  }

  /** By default a draw that closes when the sale starts, with ten admissions a second. */
  static async open(
    changes: Partial<RoomSettings> = {},
    options: Parameters<typeof startTestGateway>[0] = {},
  ): Promise<RoomShop> {
    const clock = { nowMs: Math.floor(Date.now()) };
    const opensAtMs = clock.nowMs + 10_000;
    const startsAtMs = clock.nowMs + 20_000;
    const room: RoomSettings = {
      ...{ mode: "draw", opensAtMs, closesAtMs: startsAtMs, admitPer1000Seconds: 10_000, useWithinMs: 60_000 },
      ...{ startsOnHold: false, publicValue: { kind: "none" }, ...changes },
    };
    const shop = await startTestGateway({
      ...{ now: () => clock.nowMs, product: { total: 100 }, ...options },
      sale: { startsAtMs, endsAtMs: clock.nowMs + hourMs, room, ...options.sale },
    });
    return new RoomShop(shop, clock, startsAtMs);
  }

  get saleId(): string {
    return testProduct.saleId;
  }

  get nowMs(): number {
    return this.#clock.nowMs;
  }

  get url(): string {
    return this.shop.url;
  }

  /** Sets the clock, takes the room as far as it then is, and lets the gateway know. */
  async goTo(nowMs: number): Promise<void> {
    this.#clock.nowMs = nowMs;
    const keeper = startRoomKeeper({
      ...{ rooms: this.shop.ledger.rooms, logger: silentLogger, now: () => nowMs, intervalMs: 60_000 },
    });
    await keeper.round();
    await keeper.stop();
    await this.shop.gateway.rooms.read();
  }

  async buyer(name: string): Promise<TestBuyer> {
    const buyer = new TestBuyer(this.url);
    await buyer.register(name);
    return buyer;
  }

  enter(buyer: TestBuyer) {
    return buyer.send("POST", "/api/room", { json: { saleID: this.saleId } });
  }

  read(buyer: TestBuyer, headers: Record<string, string> = {}) {
    return buyer.send("GET", `/api/room?saleID=${this.saleId}`, { headers });
  }

  token(buyer: TestBuyer, headers: Record<string, string> = {}) {
    return buyer.send("POST", "/api/token", { json: { productID: testProduct.id }, headers });
  }

  /** Buyers who have entered, in the order of coming. */
  async entered(count: number): Promise<TestBuyer[]> {
    await this.goTo(this.opensAtMs);
    const buyers: TestBuyer[] = [];
    for (let index = 1; index <= count; index++) {
      const buyer = await this.buyer(`visitor-${index}`);
      if ((await this.enter(buyer)).status !== 200) throw new Error("not entered");
      buyers.push(buyer);
    }
    return buyers;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shop[Symbol.asyncDispose]();
  }
}
