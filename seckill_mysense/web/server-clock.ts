import { call } from "./api.ts";
import type { SaleDetails } from "../src/contract/sales.ts";

let offsetMs = 0;

/** The server's time: visitors' clocks are often wrong by more than a flash sale lasts. */
export function serverNowMs(): number {
  return Date.now() + offsetMs;
}

/** Reads the sales, and sets the clock by the way: the answer is taken to be half as old as the round trip. */
export async function readSales(): Promise<readonly SaleDetails[] | undefined> {
  const askedAtMs = Date.now();
  const answer = await call("GET /api/sales");
  if (!("ok" in answer)) return undefined;
  offsetMs = answer.ok.serverTimeMs - (askedAtMs + Date.now()) / 2;
  return answer.ok.sales;
}
