import { type Buyer, gatherBuyers } from "../../seckill_mysense/test/simulation/crowd.ts";
import { testSecret } from "../../seckill_mysense/test/fakes/test-gateway.ts";
import { checkRequest } from "../seckill/http-load.ts";
import { demoProductId } from "../seckill/sale.ts";

/** Buyers of the demo sale with their tokens, as many as wanted. */
export function demoBuyers(count: number): Buyer[] {
  return gatherBuyers(
    {
      secret: testSecret,
      saleId: "demo",
      productId: demoProductId,
      startsAtMs: Date.now() - 60_000,
      endsAtMs: Date.now() + 3_600_000,
    },
    count,
  );
}

export const requestsOf = (buyers: readonly Buyer[]): Uint8Array[] =>
  buyers.map(({ token }) => checkRequest(demoProductId, token));
