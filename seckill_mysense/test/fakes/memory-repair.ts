import { armedVersion, checkStock, termsOf } from "../../src/gate/check-request.ts";
import type { GateRepair, RepairLease } from "../../src/gate/gate-repair.ts";
import type { MemoryStock } from "./memory-stock.ts";
import { MemoryOutbox } from "./memory-outbox.ts";

interface MemoryServer {
  readonly stocks: Map<string, MemoryStock>;
  readonly server: number;
}

/** The repair of a gate in memory, as the scripts do it. */
export function memoryRepair(gate: MemoryServer, now: () => number): GateRepair {
  const underRepair = ({ product, token, leaseMs }: RepairLease): MemoryStock | undefined => {
    const stock = gate.stocks.get(product.id);
    if (stock?.repair?.token !== token || stock.repair.server !== gate.server) return undefined;
    stock.repair.untilMs = now() + leaseMs;
    return stock;
  };
  return {
    async begin({ product, token, leaseMs }, epoch) {
      const stock = gate.stocks.get(product.id) ?? unknownStock(now);
      if (stock.epoch !== (epoch ?? 0)) return { kind: "changed" };
      const leftMs = (stock.repair?.untilMs ?? 0) - now();
      if (stock.repair !== undefined && stock.repair.token !== token && leftMs > 0) {
        return { kind: "busy", leaseMs: leftMs };
      }
      gate.stocks.set(product.id, stock);
      stock.open = false;
      stock.repair = { token, server: gate.server, untilMs: now() + leaseMs };
      return { kind: "begun", epoch: stock.epoch, sequence: stock.sequence, outboxLength: stock.outbox.length };
    },
    async fillHolders(lease, holders, first) {
      const stock = underRepair(lease);
      if (stock === undefined) return "lost";
      if (first) stock.holders.clear();
      for (const [userId, held] of holders) stock.holders.set(userId, held);
      return "filled";
    },
    async fillDecided(lease, reservationIds, first) {
      const stock = underRepair(lease);
      if (stock === undefined) return "lost";
      if (first) stock.returned.clear();
      for (const id of reservationIds) stock.returned.set(id, 0);
      return "filled";
    },
    async finish(lease, rebuilt) {
      checkStock(rebuilt);
      const stock = underRepair(lease);
      const { sale, product, available } = rebuilt;
      if (stock === undefined || stock.epoch > product.epoch) return "lost";
      if (stock.holders.size !== rebuilt.holders || stock.returned.size !== rebuilt.decided) return "lost";
      const { epoch, total, limitPerUser } = product;
      const { startsAtMs, endsAtMs } = sale;
      const sequence = Math.max(stock.sequence, rebuilt.sequence) + 1;
      Object.assign(stock, { epoch, total, limitPerUser, startsAtMs, endsAtMs, available, sequence });
      const { paused, waiting } = termsOf(sale, product);
      Object.assign(stock, { version: armedVersion(product), paused, waiting });
      Object.assign(stock, { open: true, server: gate.server, repair: undefined });
      return "finished";
    },
    async leave({ product, token }) {
      const stock = gate.stocks.get(product.id);
      if (stock?.repair?.token === token) stock.repair.untilMs = 0;
    },
    async adopt({ id }, compared, next) {
      const stock = gate.stocks.get(id);
      if (stock === undefined || !stock.open || stock.epoch !== compared.epoch) return "changed";
      if (stock.sequence !== compared.sequence || stock.available !== compared.available) return "changed";
      checkStock(next);
      const { sale, product, available } = next;
      const { epoch, total, limitPerUser } = product;
      const { startsAtMs, endsAtMs } = sale;
      Object.assign(stock, { epoch, total, limitPerUser, startsAtMs, endsAtMs, available });
      const { paused, waiting } = termsOf(sale, product);
      Object.assign(stock, { version: armedVersion(product), paused, waiting });
      Object.assign(stock, { server: gate.server, sequence: stock.sequence + 1 });
      return "adopted";
    },
  };
}

function unknownStock(now: () => number): MemoryStock {
  return {
    ...{ epoch: 0, sequence: 0, server: 0, repair: undefined, open: false, available: 0, total: 0 },
    ...{ startsAtMs: 0, endsAtMs: 0, limitPerUser: 1, version: 0, paused: false, waiting: false },
    ...{ holders: new Map(), returned: new Map(), outbox: new MemoryOutbox(now) },
  };
}
