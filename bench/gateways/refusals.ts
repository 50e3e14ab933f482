import { startProcess } from "../../tools/test-services/index.ts";
import { startGateways } from "../../seckill_mysense/test/gateways/gateway-processes.ts";
import { checkRequest } from "../seckill/http-load.ts";
import { alternate, type RejectionFigures } from "../seckill/rejections.ts";
import { serverCore } from "../seckill/placement.ts";
import { demoProductId } from "../seckill/sale.ts";
import { demoBuyers } from "./buyers.ts";
import { pidOf, pin, portOf } from "./cores.ts";

const buyerCount = 2_000;

/** Tokens that are no good, at one gateway of a ring of two, beside bare Bun.serve: alternating, on one core. */
export async function measureTokenRefusals(rounds: number, count: number): Promise<RejectionFigures[]> {
  const bare = await startProcess({
    cmd: ["taskset", "-c", serverCore, process.execPath, `${import.meta.dirname}/../seckill/bare-server.ts`],
    readyWhen: /ready on (\d+)/,
  });
  await using ring = await startGateways({ count: 3, units: 1, isFirstApart: true });
  const gateway = ring.gateways[1]!;
  pin(pidOf(gateway), serverCore);
  const tokens = demoBuyers(buyerCount).map(({ token }) => token);
  const own = { port: portOf(gateway), pid: pidOf(gateway), status: 401 };
  const withTokens = (change: (token: string) => string): Uint8Array[] =>
    tokens.map((token) => checkRequest(demoProductId, change(token)));
  try {
    return await alternate(
      [
        {
          name: "bare Bun.serve",
          status: 410,
          port: Number(bare.readyMatch?.[1]),
          pid: bare.pid,
          requests: withTokens((token) => token),
        },
        { name: "forged token", ...own, requests: withTokens((token) => `${token.slice(0, -6)}AAAAAA`) },
        { name: "token of an unknown key", ...own, requests: withTokens((token) => `v1.AAAAAAAA.${token.slice(12)}`) },
        { name: "truncated token", ...own, requests: withTokens((token) => token.slice(0, -1)) },
      ],
      rounds,
      count,
    );
  } finally {
    await bare.stop();
  }
}
