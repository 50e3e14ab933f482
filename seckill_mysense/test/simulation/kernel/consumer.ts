import { type Actor, ask, insist, OutcomeUnknown, rest, type Steps } from "./actor.ts";
import type { Shop } from "./shop.ts";
import type { Message } from "./simulated-gate.ts";
import { heartbeatTimes } from "./simulated-heartbeats.ts";
import type { Delivered } from "./simulated-queue.ts";

/** What one process of a consumer knows of itself. */
interface Process {
  readonly instance: string;
  received: number;
  held: number;
  /** Since when it holds them; undefined before its first look at the queue. */
  sinceMs: number | undefined;
  beatAtMs: number;
}

/** Brings messages from the queue into the ledger, and says once in a while how far it has come. */
export function consumer(shop: Shop, name: string): Actor {
  const { ledger, queue, heartbeats } = shop;
  let isToStop = false;
  return {
    name,
    canBeKilled: true,
    onKill: () => queue.leave(name),
    onStop: () => void (isToStop = true),
    *start() {
      for (;;) {
        isToStop = false;
        const process = begin();
        // Nobody must believe that there is no such consumer.
        yield* insist(...beat(process));
        while (!isToStop) yield* workOnce(process);
        yield* leave(process);
      }
    },
  };

  function begin(): Process {
    const instance = shop.newName(`${name}#`);
    const process = { instance, received: 0, held: 1, sinceMs: undefined, beatAtMs: shop.nowMs };
    const [, , run] = beat(process);
    shop.consumers.set(name, { instance, beat: run });
    return process;
  }

  function* workOnce(process: Process): Steps {
    yield* tarry(process);
    const { tag, messages } = yield* take(process);
    if (messages.length === 0) return yield* rest();
    const isEarly = shop.has("consumer acknowledges before the commit");
    if (isEarly) yield* acknowledge(tag);
    yield* tarry(process);
    if (!(yield* record(process, messages))) return;
    if (!isEarly) yield* acknowledge(tag);
    process.held = 0;
  }

  function* tarry(process: Process): Steps {
    yield* beatIfDue(process);
    if (!shop.areConsumersSlow) return;
    for (let rests = shop.chance.between(0, 6); rests > 0 && !isToStop; rests--) {
      yield* rest();
      yield* beatIfDue(process);
    }
  }

  /** False if it was stopped before. */
  function* record(process: Process, batch: readonly Message[]): Steps<boolean> {
    while (!isToStop) {
      try {
        if (shop.has("orders and totals are two transactions")) yield* recordInTwoSteps(batch);
        else yield* ask("ledger", `${name} records`, () => ledger.record(batch));
        return true;
      } catch (error) {
        if (!(error instanceof OutcomeUnknown)) throw error;
        yield* beatIfDue(process);
      }
    }
    return false;
  }

  /** When an answer does not come, the connection has ended. */
  function* take(process: Process): Steps<Delivered> {
    try {
      const delivered = yield* ask("queue", `${name} takes a batch`, () => queue.take(name, 3));
      const { messages } = delivered;
      process.received += messages.length;
      process.held = messages.length;
      process.sinceMs = shop.nowMs;
      return delivered;
    } catch (error) {
      if (!(error instanceof OutcomeUnknown)) throw error;
      queue.release(name);
      return { tag: 0, messages: [] };
    }
  }

  function* acknowledge(tag: number): Steps {
    try {
      yield* ask("queue", `${name} acknowledges`, () => queue.acknowledge(name, tag));
    } catch (error) {
      if (!(error instanceof OutcomeUnknown)) throw error;
      queue.release(name);
    }
  }

  function beat(process: Process): ["ledger", string, () => void] {
    const run = (): void => {
      const { instance, received, held, sinceMs } = process;
      process.beatAtMs = shop.nowMs;
      const oldestMs = sinceMs === undefined ? undefined : shop.nowMs - sinceMs;
      heartbeats.beat({ instance, received, held, oldestMs, connection: queue.connectionOf(name) });
    };
    return ["ledger", `${name} says that it lives`, run];
  }

  function* beatIfDue(process: Process): Steps {
    if (shop.nowMs - process.beatAtMs < heartbeatTimes.everyMs) return;
    try {
      yield* ask(...beat(process));
    } catch (error) {
      if (!(error instanceof OutcomeUnknown)) throw error;
    }
  }

  function* leave(process: Process): Steps {
    yield* insist("queue", `${name} gives back what it holds`, () => queue.leave(name));
    process.held = 0;
    yield* insist(...beat(process));
    yield* insist("ledger", `${name} leaves`, () => heartbeats.leave(process.instance));
  }

  function* recordInTwoSteps(batch: readonly Message[]): Steps {
    const units = yield* ask("ledger", `${name} records orders`, () => {
      const reserved = (): number[] => shop.productIds.map((id) => ledger.product(id).reserved);
      const before = reserved();
      ledger.record(batch);
      const added = reserved().map((count, at) => count - (before[at] as number));
      for (const [at, id] of shop.productIds.entries()) ledger.takeBack(id, added[at] as number);
      return added;
    });
    yield* ask("ledger", `${name} counts them`, () => {
      for (const [at, id] of shop.productIds.entries()) ledger.takeBack(id, -(units[at] as number));
    });
  }
}
