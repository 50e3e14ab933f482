import { Redis } from "ioredis";
import type { Gate } from "../../../src/gate/gate.ts";
import { productKeys, type GateProduct } from "../../../src/gate/product-keys.ts";
import { createGate } from "../../../src/gate/redis-gate.ts";
import { MemoryGate } from "../../fakes/memory-gate.ts";
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
