import { parseReceipt } from "fair-draw";
import type { SeededRandom } from "../../../../tools/seeded-random.ts";
import type { RoomView } from "../../../src/contract/rooms.ts";
import { testProduct } from "../../fakes/test-gateway.ts";
import { brokenRules } from "./broken-rules.ts";
import { askEveryMs, ChaosClient, patienceMs } from "./chaos-client.ts";
import type { ChaosShop } from "./chaos-shop.ts";
import { disturbShop } from "./disturb-shop.ts";
import { KeptStatements } from "./kept-statements.ts";
import type { ChaosRoom, ToldVisitor } from "./told.ts";

const { id: productId, saleId } = testProduct;
const early = 60;
const late = 6;
const perSecond = 10;
const [opensAfterMs, entryMs] = [4_000, 4_000];

export interface RoundOutcome {
  readonly broken: readonly string[];
  readonly disturbances: readonly string[];
  readonly drawn: number | undefined;
}

type Visitor = ToldVisitor & { readonly client: ChaosClient };

/** People enter a room and are admitted while the processes of the shop are killed, leave and join. */
export class ChaosRound {
  readonly #shop: ChaosShop;
  readonly #random: SeededRandom;
  readonly #mode: ChaosRoom["mode"];
  readonly #visitors: readonly Visitor[];
  readonly #kept: KeptStatements;

  constructor(shop: ChaosShop, random: SeededRandom, mode: ChaosRoom["mode"]) {
    this.#shop = shop;
    this.#random = random;
    this.#mode = mode;
    this.#kept = new KeptStatements(shop);
    this.#visitors = Array.from({ length: early + late }, (_, index) => {
      const client = new ChaosClient(`visitor-${index}`, shop, random.fork());
      return { name: client.name, client, receipts: [], views: [], token: undefined };
    });
  }

  async run(): Promise<RoundOutcome> {
    const opensAtMs = Date.now() + opensAfterMs;
    const startsAtMs = opensAtMs + entryMs;
    const closesAtMs = this.#mode === "draw" ? startsAtMs : undefined;
    const room = {
      ...{ mode: this.#mode, opensAtMs, closesAtMs, admitPer1000Seconds: perSecond * 1_000 },
      ...{ useWithinMs: 600_000, startsOnHold: false, publicValue: { kind: "none" } as const },
    };
    await this.#shop.publish({ room, startsAtMs, units: 1_000, limitPerUser: 1 });
    const isOver = new AbortController();
    const parts = { shop: this.#shop, kept: this.#kept, random: this.#random.fork() };
    const disturbing = disturbShop(parts, isOver.signal, opensAtMs);
    const visits = this.#visitors.slice(0, early).map((visitor) => this.#visit(visitor, opensAtMs));
    await Promise.all(visits);
    isOver.abort();
    const disturbances = await disturbing;
    const lateFromMs = Math.min(Date.now(), ...this.#lateEntries(closesAtMs ?? startsAtMs));
    await Promise.all(this.#visitors.slice(early).map((visitor) => this.#visit(visitor, Date.now())));
    const outcome: ChaosRoom = { mode: this.#mode, perSecond, ...(await this.#shop.outcome()) };
    const broken = brokenRules(this.#visitors, outcome, lateFromMs);
    const { drawn, failed } = await this.#kept.verifyDraws(this.#visitors);
    return { broken: [...broken, ...failed], disturbances, drawn };
  }

  /** On a slow machine some of the early ones may come after the beginning. */
  #lateEntries(beginsAtMs: number): number[] {
    return this.#visitors
      .flatMap(({ receipts }) => receipts.map(({ time }) => time))
      .filter((time) => time >= beginsAtMs);
  }

  /** Enters twice at once, asks for its place now here and now there, and gets a token when it is its turn. */
  async #visit(visitor: Visitor, fromMs: number): Promise<void> {
    const { client } = visitor;
    const random = this.#random.fork();
    await Bun.sleep(fromMs + random.below(entryMs - 500) - Date.now());
    const enter = async (): Promise<void> => {
      const { body } = await client.until({ path: "/api/room", body: { saleID: saleId } });
      visitor.receipts.push(parseReceipt(body.receipt));
    };
    await Promise.all([enter(), enter()]);
    const deadlineMs = performance.now() + patienceMs;
    while (visitor.token === undefined) {
      if (performance.now() > deadlineMs) return;
      await Bun.sleep(askEveryMs);
      const told = await client.ask({ path: `/api/room?saleID=${saleId}` });
      if (told?.status === 200) visitor.views.push({ ...told, view: told.body as RoomView });
      if (random.happens(0.5)) continue;
      const asked = await client.ask({ path: "/api/token", body: { productID: productId } });
      if (asked?.status === 200) visitor.token = asked;
    }
    await this.#seePlace(visitor);
  }

  /** The place that it has used, at every gateway. */
  async #seePlace({ client, views }: Visitor): Promise<void> {
    for (let seen = 0; seen < 3;) {
      const told = await client.ask({ path: `/api/room?saleID=${saleId}` });
      if (told?.status !== 200 || told.body.place === undefined) {
        await Bun.sleep(askEveryMs);
        continue;
      }
      views.push({ ...told, view: told.body as RoomView });
      seen++;
    }
  }
}
