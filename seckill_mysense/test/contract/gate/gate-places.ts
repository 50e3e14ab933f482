import { Redis } from "ioredis";
import { isIdentifier } from "../../../src/domain/identifier.ts";
import type { ReservationRequest, ReserveOutcome } from "../../../src/domain/reservation.ts";
import type { Gate } from "../../../src/gate/gate.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { ledgerGate } from "../../../src/ledger-gate/ledger-gate.ts";
import { productKeys, type GateProduct } from "../../../src/gate/product-keys.ts";
import { createGate } from "../../../src/gate/redis-gate.ts";
import { MemoryGate } from "../../fakes/memory-gate.ts";
import { ledgerKinds, type LedgerKind } from "../ledger/ledger-places.ts";
import { gateServerKinds, type GateServerKind } from "./gate-servers.ts";

/** A gate, with the means to look behind its port and to change its state. */
export interface GatePlace {
  readonly gate: Gate;
  /** As another process would have it. */
  readonly otherGate: Gate;
  /** The clock that decides about sales, in whole Unix seconds. */
  clockSeconds(): Promise<number>;
  /** Moves the end of an armed sale. */
  moveEnd(product: GateProduct, endsAtMs: number): Promise<void>;
  /** How many keys or records the gate keeps of a product. */
  traces(product: GateProduct): Promise<number>;
  /** Outbox entries that were read and not acknowledged. */
  unacknowledged(product: GateProduct): Promise<number>;
  /** Names of the relays that the gate remembers. */
  relays(product: GateProduct): Promise<readonly string[]>;
  /** The product as if its server had restarted since it was compared. */
  forgetRun(product: GateProduct): Promise<void>;
  /** Sets the sequence back, as an older state would. */
  setSequence(product: GateProduct, sequence: number): Promise<void>;
  close(): Promise<void>;
}

export interface GateKind {
  readonly name: string;
  /** Whether the ledger decides: then there is no outbox, and nothing is armed, given back or rebuilt. */
  readonly isLedger?: boolean;
  /** Why it cannot run here; empty if it can. Part of the name of the group of tests. */
  readonly skipReason: string;
  open(): Promise<GatePlace>;
}

const memory: GateKind = {
  name: "memory, as other tests use it",
  skipReason: "",
  async open() {
    const gate = new MemoryGate();
    return {
      gate,
      otherGate: gate,
      clockSeconds: async () => Math.floor(Date.now() / 1_000),
      moveEnd: async ({ id }, endsAtMs) => void (gate.stocks.get(id)!.endsAtMs = endsAtMs),
      traces: async ({ id }) => (gate.stocks.has(id) ? 1 : 0),
      unacknowledged: async ({ id }) => gate.stocks.get(id)!.outbox.unacknowledged,
      relays: async ({ id }) => gate.stocks.get(id)!.outbox.relays,
      forgetRun: async ({ id }) => void (gate.stocks.get(id)!.server = 0),
      setSequence: async ({ id }, sequence) => void (gate.stocks.get(id)!.sequence = sequence),
      close: () => gate.close(),
    };
  },
};

const timeoutMs = 10_000;

function onServer({ name, skipReason, start }: GateServerKind): GateKind {
  return {
    name,
    skipReason,
    async open() {
      const server = await start();
      const connection = { host: server.host, port: server.port };
      const [gate, otherGate] = [createGate({ connection, timeoutMs }), createGate({ connection, timeoutMs })];
      const redis = new Redis(server.port, server.host);
      return {
        gate,
        otherGate,
        clockSeconds: async () => Number((await redis.time())[0]),
        moveEnd: async (product, endsAtMs) => void (await redis.hset(productKeys(product)[0], "endsAtMs", endsAtMs)),
        traces: (product) => redis.exists(...productKeys(product)),
        unacknowledged: async (product) => ((await redis.xpending(productKeys(product)[3], "relays")) as [number])[0],
        relays: async (product) =>
          ((await redis.xinfo("CONSUMERS", productKeys(product)[3], "relays")) as string[][]).map(
            ([, relay]) => relay!,
          ),
        forgetRun: async (product) => void (await redis.hset(productKeys(product)[0], "server", "another")),
        setSequence: async (product, sequence) =>
          void (await redis.hset(productKeys(product)[0], "sequence", sequence)),
        async close() {
          await Promise.all([gate.close(), otherGate.close()]);
          redis.disconnect();
          await server.stop();
        },
      };
    },
  };
}

/** All gates that the contract suite runs on. */
export const gateKinds: readonly GateKind[] = [memory, ...gateServerKinds.map(onServer)];

function onLedger({ name, skipped, create }: LedgerKind): GateKind {
  const notHere = (): never => {
    throw new Error("a sale without a gate has none of this");
  };
  return {
    name: `the ledger itself, on ${name}`,
    isLedger: true,
    skipReason: skipped,
    async open() {
      const place = await create();
      const [ledger, other] = [place.connect(), place.connect()];
      await ledger.migrate();
      const bare = place.open();
      const gateOf = (of: Ledger): Gate => {
        const inner = ledgerGate({ ...of, payWithinMs: 60_000 });
        return {
          ...inner,
          // The stock of a gate that is armed stands in the ledger already.
          async arm(sale, product) {
            await ledger.sales.create(sale, [product]);
            return "armed";
          },
          // The suite looks at what users hold.
          async status(saleId, productId) {
            const status = await inner.status(saleId, productId);
            return status && { ...status, holders: (await of.gates.content(productId))!.holders.size };
          },
          reserve: async (request, options) => withPlainIds(await inner.reserve(withOwnIds(request), options)),
          holds: (request) => inner.holds(withOwnIds(request)),
        };
      };
      return {
        gate: gateOf(ledger),
        otherGate: gateOf(other),
        clockSeconds: async () => Math.floor((await ledger.reservations.figures("any")).nowMs / 1_000),
        async moveEnd({ saleId }, ends_at_ms) {
          await bare.kysely.updateTable("sales").set({ ends_at_ms }).where("id", "=", saleId).execute();
        },
        ...{ traces: notHere, unacknowledged: notHere, relays: notHere, forgetRun: notHere, setSequence: notHere },
        async close() {
          await bare.close();
          await place.remove();
        },
      };
    },
  };
}

/** The suite's reservation ids are unique for each product. Real ones are unique in the ledger. */
const separator = "/";
function withOwnIds(request: ReservationRequest): ReservationRequest {
  const { productId, reservationId } = request;
  // A bad id stays bad.
  return isIdentifier(reservationId)
    ? { ...request, reservationId: `${productId}${separator}${reservationId}` }
    : request;
}

function withPlainIds(outcome: ReserveOutcome): ReserveOutcome {
  const plain = (id: string): string => id.slice(id.indexOf(separator) + 1);
  if (outcome.kind === "replay") return { ...outcome, reservationId: plain(outcome.reservationId) };
  if (outcome.kind !== "accepted") return outcome;
  const { reservation } = outcome;
  return { ...outcome, reservation: { ...reservation, reservationId: plain(reservation.reservationId) } };
}

/** What reserves without a gate, for the parts of the suite that apply. */
export const ledgerGateKinds: readonly GateKind[] = ledgerKinds.map(onLedger);
