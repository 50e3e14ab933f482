import { ReservationIds, SaleTokens } from "../../index.ts";
import type { ReservationStatus } from "../../src/contract/reservations.ts";
import type { ToldAnswer } from "../../src/verify/told-answer.ts";

/** A buyer, with the token that was issued to the buyer before the start. */
export interface Buyer {
  readonly userId: string;
  readonly token: string;
  readonly reservationId: string;
}

/** The buyer to whom this token was issued. */
export function buyerOf(token: string): Buyer & { readonly productId: string } {
  const payload = Buffer.from(token.split(".")[2]!, "base64url").toString();
  const [, productId, userId, , , reservationId] = JSON.parse(payload) as [
    string,
    string,
    string,
    number,
    number,
    string,
  ];
  return { userId, token, reservationId, productId };
}

export interface CrowdSale {
  readonly secret: string;
  readonly saleId: string;
  readonly productId: string;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  /** What the names of the buyers begin with. */
  readonly prefix?: string;
}

/** Buyers with real tokens; that each of them has logged in before is not what is measured here. */
export function gatherBuyers(sale: CrowdSale, count: number): Buyer[] {
  const tokens = new SaleTokens([sale.secret]);
  const ids = new ReservationIds([sale.secret]);
  tokens.setSales([sale.saleId]);
  return Array.from({ length: count }, (_, index) => {
    const userId = `${sale.prefix ?? "crowd"}-${index}`;
    const reservationId = ids.create(userId, sale.productId);
    const { saleId, productId, startsAtMs: notBeforeMs, endsAtMs: expiresAtMs } = sale;
    const claims = { saleId, productId, userId, notBeforeMs, expiresAtMs, reservationId, queuePosition: 0 };
    return { userId, reservationId, token: tokens.issue(claims) };
  });
}

export interface CrowdOptions {
  /** Where the sale is; asked again after a failure, since a restarted program may be elsewhere. */
  readonly url: () => string;
  readonly productId: string;
  readonly buyers: readonly Buyer[];
  /** Requests in all, spread evenly over the buyers and mixed. */
  readonly requests: number;
  readonly concurrency: number;
  readonly seed: number;
  /** Called after each answer with how many there have been. */
  readonly onAnswer?: (count: number) => void;
}

export interface CrowdResult {
  /** Final answers by HTTP status. */
  readonly statuses: Readonly<Record<number, number>>;
  /** Requests that broke or were put off, and were made again. */
  readonly repeated: number;
  /** Reservations that buyers were told they hold, by buyer; a replay must name the same one. */
  readonly held: ReadonlyMap<Buyer, string>;
  /** Buyers who were told "sold out" after having been told that they hold a reservation, and other contradictions. */
  readonly contradictions: readonly string[];
  readonly elapsedMs: number;
}

/** How often one request is made again while the system is away or overloaded, and the pause before that. */
const maxRepeats = 600;
const repeatPauseMs = 50;

/** Lets the crowd loose: every request is made until it has a final answer. */
export async function runCrowd(options: CrowdOptions): Promise<CrowdResult> {
  const run = new CrowdRun(options);
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: options.concurrency }, () => run.work()));
  return run.result(performance.now() - startedMs);
}

class CrowdRun {
  readonly #options: CrowdOptions;
  readonly #order: Uint32Array;
  readonly #statuses: Record<number, number> = {};
  readonly #held = new Map<Buyer, string>();
  readonly #contradictions: string[] = [];
  #next = 0;
  #answered = 0;
  #repeated = 0;

  constructor(options: CrowdOptions) {
    this.#options = options;
    this.#order = mixedOrder(options.requests, options.buyers.length, options.seed);
  }

  async work(): Promise<void> {
    const { buyers, onAnswer } = this.#options;
    while (this.#next < this.#order.length) {
      const buyer = buyers[this.#order[this.#next++] as number] as Buyer;
      await this.#ask(buyer);
      onAnswer?.(++this.#answered);
    }
  }

  async #ask(buyer: Buyer): Promise<void> {
    const { url, productId } = this.#options;
    const headers = { authorization: `Bearer ${buyer.token}` };
    for (let attempt = 0; attempt < maxRepeats; attempt++) {
      const heldBefore = this.#held.get(buyer);
      const answer = await fetch(`${url()}/check?productID=${productId}`, { headers }).then(read, () => undefined);
      if (answer !== undefined && answer.status !== 429 && answer.status !== 503) {
        this.#take(buyer, answer, heldBefore);
        return;
      }
      this.#repeated++;
      await Bun.sleep(repeatPauseMs);
    }
    this.#contradictions.push(`${buyer.userId} got no final answer in ${maxRepeats} tries`);
  }

  #take(buyer: Buyer, { status, reservation }: Answer, heldBefore: string | undefined): void {
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    if (status === 202 || status === 200) {
      if (heldBefore !== undefined && heldBefore !== reservation) {
        this.#contradictions.push(`${buyer.userId} was told of ${heldBefore}, then of ${reservation}`);
      }
      this.#held.set(buyer, reservation ?? "");
    } else if (status === 410 && heldBefore !== undefined) {
      this.#contradictions.push(`${buyer.userId} was told "sold out" although the buyer holds ${heldBefore}`);
    } else if (status !== 410) {
      this.#contradictions.push(`${buyer.userId} got ${status}`);
    }
  }

  result(elapsedMs: number): CrowdResult {
    return {
      statuses: this.#statuses,
      repeated: this.#repeated,
      held: this.#held,
      contradictions: this.#contradictions,
      elapsedMs,
    };
  }
}

interface Answer {
  readonly status: number;
  readonly reservation: string | undefined;
}

async function read(response: Response): Promise<Answer> {
  const body = (await response.json()) as { reservation?: string };
  return { status: response.status, reservation: body.reservation };
}

/** Each buyer as often as any other, in an order that the seed decides. */
function mixedOrder(requests: number, buyers: number, seed: number): Uint32Array {
  const order = Uint32Array.from({ length: requests }, (_, index) => index % buyers);
  let state = seed >>> 0 || 1;
  for (let index = order.length - 1; index > 0; index--) {
    // Xorshift (Marsaglia, 2003): enough for mixing.
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    const other = state % (index + 1);
    [order[index], order[other]] = [order[other] as number, order[index] as number];
  }
  return order;
}

const decideTimeoutMs = 60_000;

/** What the shown states of a reservation promise. */
const meaningOf: Readonly<Record<Exclude<ReservationStatus, "pending">, "won" | "lost">> = {
  ...{ won: "won", paid: "won" },
  ...{ rejected: "lost", lost: "lost", cancelled: "lost", expired: "lost", refund_due: "lost", refunded: "lost" },
};

/**
 * Asks for each reservation that somebody holds until it is decided; what every buyer was told in the end. Throws when a
 * buyer is told nothing final, or something that no reservation can be.
 */
export async function whatTheyWereTold(
  { url, productId, buyers }: Pick<CrowdOptions, "url" | "productId" | "buyers">,
  held: CrowdResult["held"],
): Promise<ToldAnswer[]> {
  const told: ToldAnswer[] = [];
  const holders = buyers.filter((buyer) => held.has(buyer));
  const untilMs = performance.now() + decideTimeoutMs;
  const ask = async (buyer: Buyer): Promise<void> => {
    const reservationId = held.get(buyer) as string;
    const headers = { authorization: `Bearer ${buyer.token}` };
    let status: ReservationStatus = "pending";
    let last = "no answer";
    while (status === "pending" && performance.now() < untilMs) {
      const response = await fetch(`${url()}/api/reservations/${reservationId}`, { headers }).catch(() => undefined);
      last = response === undefined ? "no answer" : `${response.status}`;
      if (response?.ok === true) ({ status } = (await response.json()) as { status: ReservationStatus });
      if (status === "pending") await Bun.sleep(repeatPauseMs);
    }
    const answer = status === "pending" ? undefined : meaningOf[status];
    if (answer === undefined) throw new Error(`the buyer of ${reservationId} was told '${status}' at last (${last})`);
    told.push({ reservationId, productId, userId: buyer.userId, answer });
  };
  const queue = holders.values();
  await Promise.all(
    Array.from({ length: 32 }, async () => {
      for (const buyer of queue) await ask(buyer);
    }),
  );
  for (const buyer of buyers) {
    if (held.has(buyer)) continue;
    told.push({ reservationId: buyer.reservationId, productId, userId: buyer.userId, answer: "lost" });
  }
  return told;
}

export interface Asked {
  readonly token: string;
  /** The reservation that the buyer was told to hold; undefined for one that was refused. */
  readonly held: string | undefined;
}

/** The same for buyers who have asked for any products. */
export async function whatAskersWereTold(url: () => string, asked: readonly Asked[]): Promise<ToldAnswer[]> {
  const told: ToldAnswer[] = [];
  for (const [productId, some] of Map.groupBy(asked, ({ token }) => buyerOf(token).productId)) {
    const buyers = some.map(({ token }) => buyerOf(token));
    const held = new Map<Buyer, string>();
    for (const [index, buyer] of buyers.entries()) {
      const reservation = some[index]!.held;
      if (reservation !== undefined) held.set(buyer, reservation);
    }
    told.push(...(await whatTheyWereTold({ url, productId, buyers }, held)));
  }
  return told;
}
