import { startGateways } from "../../seckill_mysense/test/gateways/gateway-processes.ts";
import { checkRequest } from "../seckill/http-load.ts";
import { alternate, ask, bareTarget, forgedOf, type RejectionFigures } from "../seckill/rejections.ts";
import { serverCore } from "../seckill/placement.ts";
import { demoProductId } from "../seckill/sale.ts";
import { demoBuyers } from "./buyers.ts";
import { pidOf, pin, portOf } from "./cores.ts";

/** Tokens that are no good, at one gateway of a ring of two, beside bare Bun.serve: alternating, on one core. */
export async function measureTokenRefusals(rounds: number, count: number): Promise<RejectionFigures[]> {
  await using ring = await startGateways({ count: 3, units: 1, isFirstApart: true });
  const gateway = ring.gateways[1]!;
  pin(pidOf(gateway), serverCore);
  const tokens = demoBuyers(count).map(({ token }) => token);
  const own = { port: portOf(gateway), pid: pidOf(gateway), status: 401 };
  const withTokens = (change: (token: string) => string): Uint8Array[] =>
    tokens.map((token) => checkRequest(demoProductId, change(token)));
  const forged = withTokens(forgedOf);
  await using servers = new AsyncDisposableStack();
  const bareName = "bare Bun.serve";
  const answer = await ask(own.port, forgedOf(tokens[0]!));
  return await alternate(
    [
      await bareTarget(servers, { name: bareName, answer, requests: forged }),
      { name: "forged token", ...own, requests: forged, bare: bareName },
      {
        ...{ name: "token of an unknown key", ...own, bare: bareName },
        requests: withTokens((token) => `v1.AAAAAAAA.${token.slice(12)}`),
      },
      { name: "truncated token", ...own, requests: withTokens((token) => token.slice(0, -1)), bare: bareName },
    ],
    rounds,
    count,
  );
}
