import { parseReceipt } from "fair-draw";
import type { SeededRandom } from "../../../../tools/seeded-random.ts";
import type { RoomSettings } from "../../../src/domain/room.ts";
import type { RoomView } from "../../../src/contract/rooms.ts";
import { testProduct } from "../../fakes/test-gateway.ts";
import { brokenBallot, type Purchase, type ToldBuyer, unitsSold } from "./broken-ballot.ts";
import { type Asked, askEveryMs, ChaosClient, patienceMs } from "./chaos-client.ts";
import type { RoundOutcome } from "./chaos-round.ts";
import type { ChaosShop } from "./chaos-shop.ts";
import { disturbShop } from "./disturb-shop.ts";
import { KeptStatements } from "./kept-statements.ts";

const { id: productId, saleId } = testProduct;
const people = 24;
const units = 4;
const limitPerUser = 2;
const [opensAfterMs, entryMs, windowMs] = [3_000, 6_000, 3_000];

/** What people do who are admitted. */
const habits = ["two units", "two units", "one unit", "one unit, and gives it back", "nothing"] as const;

type Buyer = ToldBuyer & { readonly client: ChaosClient; readonly habit: (typeof habits)[number]; isDone: boolean };

/** A ballot, whose winners buy all, some or nothing, while the processes of the shop are killed, leave and join. */
export class BallotRound {
  readonly #shop: ChaosShop;
  readonly #random: SeededRandom;
  readonly #buyers: readonly Buyer[];
  readonly #isOver = new AbortController();

  constructor(shop: ChaosShop, random: SeededRandom) {
    this.#shop = shop;
    this.#random = random;
    this.#buyers = Array.from({ length: people }, (_, index) => {
      const client = new ChaosClient(`visitor-${index}`, shop, random.fork());
      const told = { name: client.name, receipts: [], views: [], token: undefined, purchase: undefined };
      return { ...told, client, habit: random.pick(habits), isDone: false };
    });
  }

  async run(): Promise<RoundOutcome> {
    const opensAtMs = Date.now() + opensAfterMs;
    const startsAtMs = opensAtMs + entryMs;
    const room: RoomSettings = {
      ...{ mode: "ballot", opensAtMs, closesAtMs: startsAtMs, admitPer1000Seconds: 0, useWithinMs: windowMs },
      ...{ startsOnHold: false, publicValue: { kind: "none" } },
    };
    await this.#shop.publish({ room, startsAtMs, units, limitPerUser });
    const kept = new KeptStatements(this.#shop);
    const parts = { shop: this.#shop, kept, random: this.#random.fork() };
    const disturbing = disturbShop(parts, this.#isOver.signal, opensAtMs);
    const visits = this.#buyers.map((buyer) => this.#visit(buyer, opensAtMs));
    await this.#untilSold();
    this.#isOver.abort();
    await Promise.all(visits);
    const disturbances = await disturbing;
    const outcome = await this.#shop.outcome();
    const entered = this.#buyers.filter(({ receipts }) => receipts.length > 0);
    const { drawn, failed } = await kept.verifyDraws(entered);
    return { broken: [...brokenBallot(entered, { ...outcome, units }), ...failed], disturbances, drawn };
  }

  /** Until all units are sold and nobody can change that any more, until nobody waits, or until patience ends. */
  async #untilSold(): Promise<void> {
    const deadlineMs = performance.now() + patienceMs;
    while (performance.now() < deadlineMs) {
      const isBuying = this.#buyers.some(({ token, isDone }) => token !== undefined && !isDone);
      const isSold = unitsSold(this.#buyers) >= units;
      const isDrawn = this.#buyers.every(
        ({ isDone, views }) => isDone || views.some(({ view }) => view.place !== undefined),
      );
      if (!isBuying && isDrawn && (isSold || this.#buyers.every(({ isDone }) => isDone))) return;
      await Bun.sleep(askEveryMs);
    }
  }

  /** Enters twice at once, asks for its place now here and now there, and does what is its habit when it is its turn. */
  async #visit(buyer: Buyer, fromMs: number): Promise<void> {
    const { client, receipts } = buyer;
    await Bun.sleep(fromMs + this.#random.below(entryMs / 2) - Date.now());
    const enter = async (): Promise<void> => {
      for (; !this.#isOver.signal.aborted; await Bun.sleep(askEveryMs)) {
        const answer = await client.ask({ path: "/api/room", body: { saleID: saleId } });
        if (answer?.status === 200) return void receipts.push(parseReceipt(answer.body.receipt));
        if (answer?.body.error === "room_closed") return;
      }
    };
    await Promise.all([enter(), enter()]);
    // Nobody may have answered before the closing.
    if (receipts.length === 0) buyer.isDone = true;
    for (; !this.#isOver.signal.aborted && !buyer.isDone; await Bun.sleep(askEveryMs)) {
      const view = await this.#look(buyer);
      if (view?.state === "expired") buyer.isDone = true;
      if (view?.state !== "admitted" || buyer.habit === "nothing") continue;
      const asked = await client.ask({ path: "/api/token", body: { productID: productId } });
      if (asked?.status !== 200) continue;
      buyer.token = asked;
      buyer.purchase = await this.#buy(buyer, asked, view.untilMs!);
      buyer.isDone = true;
    }
  }

  async #look({ client, views }: Buyer): Promise<RoomView | undefined> {
    const told = await client.ask({ path: `/api/room?saleID=${saleId}` });
    if (told?.status !== 200) return undefined;
    const view = told.body as RoomView;
    views.push({ ...told, view });
    return view;
  }

  /** Repeats what got no clear answer. */
  async #buy({ client, habit }: Buyer, { body }: Asked, untilMs: number): Promise<Purchase> {
    const token: string = body.token;
    let wanted = habit === "two units" ? 2 : 1;
    for (; !this.#isOver.signal.aborted; await Bun.sleep(askEveryMs)) {
      const path = `/check?productID=${productId}&quantity=${wanted}`;
      const answer = await client.ask({ path, body: {}, bearer: token });
      const error: string | undefined = answer?.body.error;
      if (answer?.status === 200 || answer?.status === 202 || error === "token_expired") break;
      if (error === "sold_out") return { kind: "sold out", units: 0, untilMs };
      if (error === "too_few_left") wanted = answer!.body.left;
    }
    return this.#settle({ client, habit }, reservationIn(token), untilMs);
  }

  /** What the ledger says, and what is left when a unit was given back. */
  async #settle({ client, habit }: Pick<Buyer, "client" | "habit">, id: string, untilMs: number): Promise<Purchase> {
    const path = `/api/reservations/${encodeURIComponent(id)}?productID=${productId}`;
    for (; !this.#isOver.signal.aborted; await Bun.sleep(askEveryMs)) {
      const told = await client.ask({ path });
      if (told?.status === 404 || ["lost", "rejected"].includes(told?.body.status)) {
        return { kind: "too late", units: 0, untilMs };
      }
      if (told?.body.status === "cancelled") return { kind: "bought", units: 0, untilMs };
      if (told?.body.status !== "won") continue;
      const bought = { kind: "bought", units: told.body.quantity ?? 1, untilMs, wonMs: told.answeredMs } as const;
      if (habit !== "one unit, and gives it back") return bought;
      await client.until({ path: `/api/orders/${encodeURIComponent(id)}/cancel`, body: {} });
      return { ...bought, units: 0 };
    }
    return { kind: "too late", units: 0, untilMs };
  }
}

/** One token is one reservation. */
function reservationIn(token: string): string {
  const [, , payload] = token.split(".");
  return JSON.parse(Buffer.from(payload!, "base64url").toString())[5];
}
