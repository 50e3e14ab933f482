import { armedVersion, checkReservation, checkStock, termsOf, type Stock } from "./check-request.ts";
import type { GateConnection } from "./gate-connection.ts";
import type { BeginOutcome, GateRepair, RepairLease } from "./gate-repair.ts";
import { gateScripts } from "./gate-script.ts";
import { heldText } from "./held-text.ts";
import { relayGroup } from "./outbox.ts";
import { productKeys } from "./product-keys.ts";

export function createGateRepair(connection: GateConnection, retentionMs: number): GateRepair {
  const fill = async (
    { product, token, leaseMs }: RepairLease,
    { key, first, fields }: { key: 2 | 3; first: boolean; fields: string[] },
  ) => {
    const args = [token, String(leaseMs), String(key), first ? "1" : "0", ...fields];
    return (await connection.run(gateScripts.fill, productKeys(product), args)) as "filled" | "lost";
  };
  return {
    async begin({ product, token, leaseMs }, epoch) {
      const args = [token, String(leaseMs), epoch === undefined ? "" : String(epoch)];
      return readBegin(await connection.run(gateScripts.beginRepair, productKeys(product), args));
    },
    fillHolders(lease, holders, first) {
      const fields = holders.flatMap(([userId, held]) => {
        for (const one of held) checkReservation({ ...naming(lease), userId, ...one });
        return [userId, held.map(heldText).join(" ")];
      });
      return fill(lease, { key: 2, first, fields });
    },
    fillDecided: (lease, reservationIds, first) =>
      fill(lease, { key: 3, first, fields: reservationIds.flatMap((id) => [id, "0"]) }),
    async finish({ product, token }, stock) {
      checkStock(stock);
      const args = [token, ...stockArguments(stock, retentionMs), relayGroup];
      const counts = [stock.sequence, stock.holders, stock.decided].map(String);
      const rest = [...counts, ...termArguments(stock)];
      const reply = await connection.run(gateScripts.finishRepair, productKeys(product), [...args, ...rest]);
      return (reply as ["finished" | "lost"])[0];
    },
    async leave({ product, token }) {
      await connection.run(gateScripts.leaveRepair, productKeys(product), [token]);
    },
    async adopt(product, { epoch, sequence, available }, next) {
      checkStock(next);
      const args = [epoch, sequence, available].map(String);
      const stock = [...stockArguments(next, retentionMs), relayGroup, ...termArguments(next)];
      const reply = await connection.run(gateScripts.adopt, productKeys(product), [...args, ...stock]);
      return reply as "adopted" | "changed";
    },
  };
}

/** The figures of a stock, in the order in which scripts/arm.lua and scripts/finish-repair.lua take them. */
export function stockArguments({ sale, product, available }: Stock, retentionMs: number): string[] {
  const { epoch, total, limitPerUser } = product;
  return [epoch, available, total, sale.startsAtMs, sale.endsAtMs, limitPerUser, retentionMs].map(String);
}

/** What the scripts take besides: the version of the figures, and whether the product is paused and its list open. */
export function termArguments({ sale, product }: Pick<Stock, "sale" | "product">): string[] {
  const { paused, waiting } = termsOf(sale, product);
  return [String(armedVersion(product)), paused ? "1" : "0", waiting ? "1" : "0"];
}

function naming({ product }: RepairLease): { saleId: string; productId: string } {
  return { saleId: product.saleId, productId: product.id };
}

function readBegin(reply: unknown): BeginOutcome {
  const [kind, first, sequence, outboxLength] = reply as [BeginOutcome["kind"], string, string, number];
  if (kind === "changed") return { kind };
  if (kind === "busy") return { kind, leaseMs: Number(first) };
  return { kind, epoch: Number(first), sequence: Number(sequence), outboxLength };
}
