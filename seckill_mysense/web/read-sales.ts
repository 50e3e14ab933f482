import type { SaleDetails } from "../src/contract/sales.ts";
import { call } from "./api.ts";
import { ownNowMs, setServerTime } from "./clock.ts";

/** Reads the sales, and sets the clock from the answer. */
export async function readSales(): Promise<readonly SaleDetails[] | undefined> {
  const askedAtMs = ownNowMs();
  const answer = await call("GET /api/sales");
  if (!("ok" in answer)) return undefined;
  setServerTime(answer.ok.serverTimeMs, askedAtMs);
  return answer.ok.sales;
}
