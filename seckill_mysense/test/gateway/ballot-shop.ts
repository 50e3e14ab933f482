import type { TestBuyer } from "../fakes/test-buyer.ts";
import { testProduct } from "../fakes/test-gateway.ts";
import { accept, payWithinMs } from "../contract/ledger/ledger-fixtures.ts";
import { RoomShop } from "./room-shop.ts";

export const windowMs = 10_000;
/** When unused places are passed on. */
export const judgedAfterMs = windowMs + 5_000;

/** A ballot with two winners, which closes a minute before its sale starts. */
export class BallotShop implements AsyncDisposable {
  readonly room: RoomShop;
  readonly startsAtMs: number;

  private constructor(room: RoomShop, startsAtMs: number) {
    this.room = room;
    this.startsAtMs = startsAtMs;
  }

  static async open(): Promise<BallotShop> {
    const startsAtMs = Date.now() + 80_000;
    const ballot = { mode: "ballot", admitPer1000Seconds: 0, winners: 2, useWithinMs: windowMs } as const;
    const stock = { product: { total: 2 }, speaker: { total: 1 } };
    return new BallotShop(await RoomShop.open(ballot, { ...stock, sale: { startsAtMs } }), startsAtMs);
  }

  /** The closing, and the draw. */
  get closesAtMs(): number {
    return this.room.startsAtMs;
  }

  /** Buyers who have entered, in the order in which they are drawn. */
  async drawn(count: number): Promise<TestBuyer[]> {
    const entered = await this.room.entered(count);
    await this.room.goTo(this.closesAtMs);
    const order: TestBuyer[] = [];
    for (const buyer of entered) order[(await this.room.read(buyer)).body.place - 1] = buyer;
    return order;
  }

  /** Has a buyer order a unit, as gate and consumer do it. */
  async order(buyer: TestBuyer): Promise<void> {
    const { userID: userId } = (await buyer.send("GET", "/api/session")).body;
    const reservation = accept(testProduct, { userId, acceptedAtMs: this.room.nowMs });
    await this.room.shop.ledger.orders.record([reservation], { payWithinMs });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.room[Symbol.asyncDispose]();
  }
}
