import { createGate } from "../../src/gate/redis-gate.ts";
import type { Gate } from "../../src/gate/gate.ts";
import { silentLogger } from "../../src/logging/logger.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { embeddedQueue } from "../../src/queue/embedded-queue.ts";
import type { RecoveryParts } from "../../src/recovery/recovery-parts.ts";
import { systemClock } from "../../src/time/clock.ts";

export interface StepHooks {
  /** Called before a step with its name, such as "gate.repair.begin". */
  readonly before?: (step: string) => void | Promise<void>;
  /** Called after a step. */
  readonly after?: (step: string) => void | Promise<void>;
}

/** The parts of a repair, over the given gate and ledger. Tests look at each step, or break the process off there. */
export function repairParts(gate: Gate, ledger: Ledger, hooks: StepHooks = {}): RecoveryParts {
  return {
    gate: {
      arm: gate.arm,
      status: (saleId, productId) => gate.status(saleId, productId),
      repair: watched("gate", gate.repair, hooks),
    },
    gates: watched("ledger", ledger.gates, hooks),
    queue: embeddedQueue({ file: ":memory:" }),
    repairer: `repairer ${process.pid}`,
    logger: silentLogger,
    clock: systemClock,
    times: { leaseMs: 300, drainMs: 2_000, quietMs: 100 },
  };
}

export function openTestGate(port: number): Gate {
  return createGate({ connection: { host: "127.0.0.1", port }, timeoutMs: 10_000 });
}

function watched<Port extends object>(name: string, port: Port, { before, after }: StepHooks): Port {
  return new Proxy(port, {
    get(target, property) {
      const method = Reflect.get(target, property) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        await before?.(`${name}.${String(property)}`);
        const result = await method.apply(target, args);
        await after?.(`${name}.${String(property)}`);
        return result;
      };
    },
  });
}
