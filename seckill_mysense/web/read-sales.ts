import type { SaleLive } from "../src/contract/sales.ts";
import { call } from "./api.ts";
import { noteServerTime, ownNowMs } from "./clock.ts";
import { spread } from "./randomness.ts";
import { type ShownSale, withDescription, withLive } from "./shown-sale.ts";

/** Other sales than the shown one are only links: they are read so seldom. */
const listEveryMs = 60_000;
let listDueMs = 0;

/**
 * Reads what has changed in the sale that is shown, and sometimes all sales, and sets the clock from the answer. `known`:
 * what was read before. Undefined without an answer.
 */
export async function readSales(
  known: readonly ShownSale[],
  shown: ShownSale | undefined,
): Promise<readonly ShownSale[] | undefined> {
  if (shown === undefined || ownNowMs() >= listDueMs) return readAll();
  const answer = await call("GET /api/sales/:id/live", { params: { id: shown.id }, fresh: true });
  if (!("ok" in answer)) return answer.refused.error === "sale_not_found" ? readAll() : undefined;
  takeTime(answer);
  const sale = await describedAs(shown, answer.ok);
  return sale && known.map((one) => (one.id === sale.id ? withLive(sale, answer.ok) : one));
}

/** The sale with the description of this version, which is only read where it is another one. */
async function describedAs(shown: ShownSale, { version }: SaleLive): Promise<ShownSale | undefined> {
  if (shown.version === version) return shown;
  const answer = await call("GET /api/sales/:id/description", { params: { id: shown.id }, query: { version } });
  return "ok" in answer ? withDescription(answer.ok) : undefined;
}

async function readAll(): Promise<readonly ShownSale[] | undefined> {
  const answer = await call("GET /api/sales");
  if (!("ok" in answer)) return undefined;
  takeTime(answer);
  listDueMs = ownNowMs() + spread(listEveryMs);
  return answer.ok.sales;
}

interface TimedAnswer {
  /** Of the header: the body may come from the browser's cache. */
  readonly serverTimeMs?: number;
  readonly ok: { readonly serverTimeMs: number };
}

function takeTime({ serverTimeMs, ok }: TimedAnswer): void {
  noteServerTime(serverTimeMs ?? ok.serverTimeMs);
}
