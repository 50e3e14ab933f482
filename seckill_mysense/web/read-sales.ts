import type { SaleDetails } from "../src/contract/sales.ts";
import { call } from "./api.ts";
import { ownNowMs, setServerTime } from "./clock.ts";
import { spread } from "./randomness.ts";

/** Other sales than the shown one are only links: they are read so seldom. */
const listEveryMs = 60_000;
let listDueMs = 0;

/**
 * Reads the sale that is shown, and sometimes all sales, and sets the clock from the answer. `known`: what was read before.
 * Undefined without an answer.
 */
export async function readSales(
  known: readonly SaleDetails[],
  shown: SaleDetails | undefined,
): Promise<readonly SaleDetails[] | undefined> {
  if (shown === undefined || ownNowMs() >= listDueMs) return readAll();
  const askedAtMs = ownNowMs();
  const answer = await call("GET /api/sales/:id", { params: { id: shown.id } });
  if (!("ok" in answer)) return answer.refused.error === "sale_not_found" ? readAll() : undefined;
  takeTime(answer, askedAtMs);
  const { sale } = answer.ok;
  return known.map((one) => (one.id === sale.id ? sale : one));
}

async function readAll(): Promise<readonly SaleDetails[] | undefined> {
  const askedAtMs = ownNowMs();
  const answer = await call("GET /api/sales");
  if (!("ok" in answer)) return undefined;
  takeTime(answer, askedAtMs);
  listDueMs = askedAtMs + spread(listEveryMs);
  return answer.ok.sales;
}

interface TimedAnswer {
  /** Of the header: the body may come from the browser's cache. */
  readonly serverTimeMs?: number;
  readonly ok: { readonly serverTimeMs: number };
}

function takeTime({ serverTimeMs, ok }: TimedAnswer, askedAtMs: number): void {
  setServerTime(serverTimeMs ?? ok.serverTimeMs, askedAtMs);
}
