import type { Order } from "../domain/order.ts";
import type { SaleAudit } from "../ledger/audit.ts";
import type { LedgerAnswer, LedgerOrders } from "../ledger/orders.ts";
import type { ToldAnswer } from "./told-answer.ts";

/** Reservations in one query of the ledger. */
const chunkSize = 500;

/** The answers to clients, compared with the ledger. */
export interface ToldFindings {
  compared: number;
  won: number;
  accepted: number;
  /** I3: an answer that contradicts the ledger. */
  readonly wrongAnswers: string[];
  /** I4: told `won`, but without an order. */
  readonly wrongWins: string[];
  /** I5: accepted, but unknown to the ledger. */
  readonly undecided: string[];
}

export async function compareTold(
  told: Iterable<ToldAnswer>,
  { products }: SaleAudit,
  orders: Pick<LedgerOrders, "readAnswers">,
): Promise<ToldFindings> {
  const ours = new Set(products.map(({ product }) => product.id));
  const findings: ToldFindings = { compared: 0, won: 0, accepted: 0, wrongAnswers: [], wrongWins: [], undecided: [] };
  let chunk: ToldAnswer[] = [];
  const compareChunk = async (): Promise<void> => {
    const answers = await orders.readAnswers([...new Set(chunk.map(({ reservationId }) => reservationId))]);
    for (const answer of chunk) compare(answer, answers.get(answer.reservationId) ?? {}, findings);
    chunk = [];
  };
  for (const answer of told) {
    if (!ours.has(answer.productId)) continue;
    chunk.push(answer);
    if (chunk.length === chunkSize) await compareChunk();
  }
  await compareChunk();
  return findings;
}

function compare(told: ToldAnswer, { order, rejection }: LedgerAnswer, findings: ToldFindings): void {
  const { reservationId, userId, productId, answer } = told;
  const name = `reservation ${reservationId}: user ${userId} was told ${answer}`;
  findings.compared++;
  if (order !== undefined && (order.userId !== userId || order.productId !== productId)) {
    findings.wrongAnswers.push(
      `${name} for product ${productId}, but it is user ${order.userId}'s order of ${order.productId}`,
    );
  }
  if (answer === "won") {
    findings.won++;
    if (order === undefined) findings.wrongWins.push(`${name}, but ${rejection ?? "nothing"} is recorded`);
  }
  if (answer === "accepted") {
    findings.accepted++;
    if (order === undefined && rejection === undefined) findings.undecided.push(`${name}, and nothing is recorded`);
  }
  if (answer === "lost" && order !== undefined && isActive(order)) {
    findings.wrongAnswers.push(`${name}, but the order is ${order.state}`);
  }
}

function isActive({ state }: Order): boolean {
  return state === "reserved" || state === "paid";
}
