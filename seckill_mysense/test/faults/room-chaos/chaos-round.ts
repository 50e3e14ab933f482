import { parseReceipt } from "fair-draw";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SeededRandom } from "../../../../tools/seeded-random.ts";
import { temporaryFolder, waitUntil } from "../../../../tools/test-services/index.ts";
import { sessionCookieName, Sessions } from "../../../src/authorization/sessions.ts";
import type { RoomView } from "../../../src/contract/rooms.ts";
import { testProduct, testSecret } from "../../fakes/test-gateway.ts";
import { runProgram } from "../../roles/program.ts";
import { brokenRules, placesOf } from "./broken-rules.ts";
import type { ChaosShop } from "./chaos-shop.ts";
import type { ChaosRoom, Moments, ToldVisitor } from "./told.ts";

const { id: productId, saleId } = testProduct;
const early = 60;
const late = 6;
const perSecond = 10;
const [opensAfterMs, entryMs] = [4_000, 4_000];
const askEveryMs = 100;
const maxDisturbances = 8;
/** For a machine that has much else to do: no rule depends on it. */
const patienceMs = 120_000;

export interface RoundOutcome {
  readonly broken: readonly string[];
  readonly disturbances: readonly string[];
  readonly drawn: number | undefined;
}

interface Asked extends Moments {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- answers of every form
  readonly body: any;
}

/** People enter a room and are admitted while the processes of the shop are killed, leave and join. */
export class ChaosRound {
  readonly #shop: ChaosShop;
  readonly #random: SeededRandom;
  readonly #mode: ChaosRoom["mode"];
  readonly #visitors: (ToldVisitor & { readonly cookie: string })[];
  readonly #disturbances: string[] = [];
  readonly #heads: unknown[] = [];
  #announcement: unknown;

  constructor(shop: ChaosShop, random: SeededRandom, mode: ChaosRoom["mode"]) {
    this.#shop = shop;
    this.#random = random;
    this.#mode = mode;
    const sessions = new Sessions([testSecret], 3_600_000);
    this.#visitors = Array.from({ length: early + late }, (_, index) => {
      const name = `visitor-${index}`;
      const { cookie } = sessions.open({ id: name, name, sessionEpoch: 0 }, Date.now());
      return { name, cookie: `${sessionCookieName}=${cookie}`, receipts: [], views: [], token: undefined };
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
    await this.#shop.publish(room, startsAtMs);
    const isOver = new AbortController();
    const disturbing = this.#disturb(isOver.signal, opensAtMs);
    const visits = this.#visitors.slice(0, early).map((visitor) => this.#visit(visitor, opensAtMs));
    await Promise.all(visits);
    isOver.abort();
    await disturbing;
    const lateFromMs = Math.min(Date.now(), ...this.#lateEntries(closesAtMs ?? startsAtMs));
    await Promise.all(this.#visitors.slice(early).map((visitor) => this.#visit(visitor, Date.now())));
    const outcome: ChaosRoom = { mode: this.#mode, perSecond, ...(await this.#shop.outcome()) };
    const broken = brokenRules(this.#visitors, outcome, lateFromMs);
    const { drawn, failed } = await this.#verifyDraws();
    return { broken: [...broken, ...failed], disturbances: this.#disturbances, drawn };
  }

  /** On a slow machine some of the early ones may come after the beginning. */
  #lateEntries(beginsAtMs: number): number[] {
    return this.#visitors
      .flatMap(({ receipts }) => receipts.map(({ time }) => time))
      .filter((time) => time >= beginsAtMs);
  }

  async #disturb(isOver: AbortSignal, fromMs: number): Promise<void> {
    const random = this.#random.fork();
    await Bun.sleep(fromMs + random.below(1_000) - Date.now());
    while (!isOver.aborted && this.#disturbances.length < maxDisturbances) {
      this.#disturbances.push(await this.#shop.disturb());
      await this.#keepHeads();
      await Bun.sleep(random.between(100, 700));
    }
  }

  /** As somebody would who does not trust the shop. */
  async #keepHeads(): Promise<void> {
    for (const url of this.#shop.urls()) {
      const response = await fetch(`${url}/api/room/heads?saleID=${saleId}`).catch(() => undefined);
      if (response?.status !== 200) continue;
      const { heads, announcement } = (await response.json()) as { heads: unknown[]; announcement?: unknown };
      this.#heads.push(...heads);
      this.#announcement ??= announcement;
    }
  }

  /** Enters twice at once, asks for its place now here and now there, and gets a token when it is its turn. */
  async #visit(visitor: ToldVisitor & { readonly cookie: string }, fromMs: number): Promise<void> {
    const random = this.#random.fork();
    await Bun.sleep(fromMs + random.below(entryMs - 500) - Date.now());
    const enter = async (): Promise<void> => {
      const { body } = await this.#until(visitor, random, "/api/room", { saleID: saleId });
      visitor.receipts.push(parseReceipt(body.receipt));
    };
    await Promise.all([enter(), enter()]);
    const deadlineMs = performance.now() + patienceMs;
    while (visitor.token === undefined) {
      if (performance.now() > deadlineMs) return;
      await Bun.sleep(askEveryMs);
      const told = await this.#ask(visitor, random, `/api/room?saleID=${saleId}`);
      if (told?.status === 200) visitor.views.push({ ...told, view: told.body as RoomView });
      if (random.happens(0.5)) continue;
      const asked = await this.#ask(visitor, random, "/api/token", { productID: productId });
      if (asked?.status === 200) visitor.token = asked;
    }
    await this.#seePlace(visitor, random);
  }

  /** The place that it has used, at every gateway. */
  async #seePlace(visitor: ToldVisitor & { readonly cookie: string }, random: SeededRandom): Promise<void> {
    for (let seen = 0; seen < 3;) {
      const told = await this.#ask(visitor, random, `/api/room?saleID=${saleId}`);
      if (told?.status !== 200 || told.body.place === undefined) {
        await Bun.sleep(askEveryMs);
        continue;
      }
      visitor.views.push({ ...told, view: told.body as RoomView });
      seen++;
    }
  }

  async #until(visitor: { readonly cookie: string }, random: SeededRandom, path: string, body: object): Promise<Asked> {
    let answer: Asked | undefined;
    await waitUntil(
      async () => {
        answer = await this.#ask(visitor, random, path, body);
        return answer?.status === 200;
      },
      { what: `an answer to ${path}`, timeoutMs: patienceMs, intervalMs: askEveryMs },
    );
    return answer!;
  }

  /** One question to some gateway; undefined if it did not answer. */
  async #ask(
    { cookie }: { readonly cookie: string },
    random: SeededRandom,
    path: string,
    body?: object,
  ): Promise<Asked | undefined> {
    const urls = this.#shop.urls();
    if (urls.length === 0) return undefined;
    const headers = { cookie, "content-type": "application/json" };
    const sent = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const askedMs = Date.now();
    try {
      const response = await fetch(`${random.pick(urls)}${path}`, { headers, ...sent });
      const answered = (await response.json()) as object;
      return { status: response.status, body: answered, askedMs, answeredMs: Date.now() };
    } catch {
      return undefined;
    }
  }

  /** With what everybody kept, at each gateway, by the command line and without the shop. */
  async #verifyDraws(): Promise<{ readonly drawn: number | undefined; readonly failed: readonly string[] }> {
    await this.#keepHeads();
    const folder = temporaryFolder("room-chaos");
    const keep = (name: string, value: unknown): string => {
      const file = join(folder, name);
      writeFileSync(file, typeof value === "string" ? value : JSON.stringify(value));
      return file;
    };
    const kept = [
      ...this.#visitors.flatMap(({ receipts }, index) => ["--receipt", keep(`receipt-${index}.json`, receipts[0])]),
      ...this.#heads.slice(-50).flatMap((head, index) => ["--head", keep(`head-${index}.json`, head)]),
      ...(this.#announcement === undefined ? [] : ["--announcement", keep("announcement.json", this.#announcement)]),
    ];
    let drawn: number | undefined;
    const failed: string[] = [];
    for (const url of this.#shop.urls()) {
      const text = await (await fetch(`${url}/api/room/disclosure?saleID=${saleId}`)).text();
      const ended = await runProgram(["verify-draw", keep("room.draw", text), "--json", ...kept]);
      if (ended.code !== 0) failed.push(`verify-draw ended with ${ended.code}: ${ended.stdout}${ended.stderr}`);
      if (ended.code !== 0) continue;
      const report = JSON.parse(ended.stdout) as { drawn?: number; receipts: { number: number; place?: number }[] };
      drawn = report.drawn;
      failed.push(...this.#otherPlaces(report.receipts));
    }
    return { drawn, failed };
  }

  /** The places that the gateways told, against those that anybody computes. */
  #otherPlaces(computed: readonly { readonly number: number; readonly place?: number }[]): string[] {
    const byNumber = new Map(computed.map(({ number, place }) => [number, place ?? number]));
    return this.#visitors.flatMap((visitor) => {
      const [told, checked] = [placesOf(visitor)[0], byNumber.get(visitor.receipts[0]?.number ?? 0)];
      return told === checked ? [] : [`${visitor.name} was told place ${told}, and the draw gives ${checked}`];
    });
  }
}
