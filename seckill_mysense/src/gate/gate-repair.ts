import type { Sale, SaleProduct } from "../domain/sale.ts";
import { checkReservation, checkStock } from "./check-request.ts";
import type { GateConnection } from "./gate-connection.ts";
import { gateScripts } from "./gate-script.ts";
import type { GateStatus } from "./gate.ts";
import { relayGroup } from "./outbox.ts";
import { productKeys, type GateProduct } from "./product-keys.ts";

/** One repairer's right to rebuild a product. Another one waits until the lease ends. */
export interface RepairLease {
  readonly product: GateProduct;
  /** Unique to this repair. */
  readonly token: string;
  readonly leaseMs: number;
}

export type BeginOutcome =
  /** The product is closed now. `epoch` is 0 for a product that the gate does not know. */
  | { readonly kind: "begun"; readonly epoch: number; readonly sequence: number; readonly outboxLength: number }
  | { readonly kind: "busy"; readonly leaseMs: number }
  /** The gate's epoch is not the one that the caller has found: another repair has ended meanwhile. */
  | { readonly kind: "changed" };

/** What a rebuilt product sells. */
export interface RebuiltStock {
  readonly sale: Sale;
  readonly product: SaleProduct;
  readonly available: number;
  /** The ledger's sequence. */
  readonly sequence: number;
  /** The numbers of fields that were filled in: a gate that lost some of them meanwhile must not open. */
  readonly holders: number;
  readonly decided: number;
}

/** How a product is closed, filled from the ledger and opened again. Every step is safe to repeat. */
export interface GateRepair {
  /** Closes the product and takes the lease, or renews it. `epoch` is the gate's epoch as the caller has found it. */
  begin(lease: RepairLease, epoch: number | undefined): Promise<BeginOutcome>;
  /** User ids with their reservation ids; `first` empties what was there. At most `maxFilled` of them. */
  fillHolders(lease: RepairLease, holders: readonly Holder[], first: boolean): Promise<"filled" | "lost">;
  /** Reservations that are decided and hold nothing. `first` and the limit as above. */
  fillDecided(lease: RepairLease, reservationIds: readonly string[], first: boolean): Promise<"filled" | "lost">;
  /** Opens the product in the new epoch. "lost": another repair has taken over, or the gate has lost data again. */
  finish(lease: RepairLease, stock: RebuiltStock): Promise<"finished" | "lost">;
  /** Ends the lease of a repair that cannot go on. The product stays closed. */
  leave(lease: RepairLease): Promise<void>;
  /** Lets this run of the server sell a product that was compared with the ledger in exactly this state. */
  adopt(product: GateProduct, compared: GateStatus): Promise<"adopted" | "changed">;
}

export type Holder = readonly [userId: string, reservationIds: readonly string[]];

/** Most fields in one call of `fillHolders` or `fillDecided`. */
export const maxFilled = 1_000;

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
      const fields = holders.flatMap(([userId, ids]) => {
        for (const reservationId of ids) checkReservation({ ...naming(lease), userId, reservationId });
        return [userId, ids.join(" ")];
      });
      return fill(lease, { key: 2, first, fields });
    },
    fillDecided: (lease, reservationIds, first) =>
      fill(lease, { key: 3, first, fields: reservationIds.flatMap((id) => [id, "0"]) }),
    async finish({ product, token }, stock) {
      checkStock(stock);
      const args = [token, ...stockArguments(stock, retentionMs), relayGroup];
      const counts = [stock.sequence, stock.holders, stock.decided].map(String);
      const reply = await connection.run(gateScripts.finishRepair, productKeys(product), [...args, ...counts]);
      return (reply as ["finished" | "lost"])[0];
    },
    async leave({ product, token }) {
      await connection.run(gateScripts.leaveRepair, productKeys(product), [token]);
    },
    async adopt(product, { epoch, sequence, available }) {
      const args = [epoch, sequence, available].map(String);
      const reply = await connection.run(gateScripts.adopt, productKeys(product), [...args, relayGroup]);
      return reply as "adopted" | "changed";
    },
  };
}

/** The figures of a stock, in the order in which scripts/arm.lua and scripts/finish-repair.lua take them. */
export function stockArguments(
  { sale, product, available }: Pick<RebuiltStock, "sale" | "product" | "available">,
  retentionMs: number,
): string[] {
  const { epoch, total, limitPerUser } = product;
  return [epoch, available, total, sale.startsAtMs, sale.endsAtMs, limitPerUser, retentionMs].map(String);
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
