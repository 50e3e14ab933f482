import { describe, expect, test } from "bun:test";
import type { Heartbeat } from "../../src/ledger/heartbeats.ts";
import { encodeDetails, type Figures } from "../../src/operations/heartbeat-details.ts";
import { CheckoutLoadReader } from "../../src/roles/checkout-load.ts";

const beat = (role: string, figures: Figures, ageMs = 500, instance = role): Heartbeat => {
  return { instance, role, host: "here", startedAtMs: 0, details: encodeDetails(figures, []), ageMs };
};
const gate = (calls: number, failed: number, waited: number): Figures => {
  return {
    ...{ seckill_gate_calls: calls, seckill_gate_calls_failed: failed, seckill_gate_calls_waited_seconds: waited },
  };
};

const loads = (...readings: readonly (readonly Heartbeat[])[]) => loadsEvery(1_000, readings);

async function loadsEvery(intervalMs: number, readings: readonly (readonly Heartbeat[])[]) {
  const left = [...readings];
  let nowMs = 0;
  const clock = { elapsedMs: () => (nowMs += intervalMs) };
  const reader = new CheckoutLoadReader({ read: async () => [...left.shift()!] }, { hasNoGate: false, ...clock });
  const all = [];
  for (const _ of readings) all.push(await reader.read());
  return all;
}

describe("the load of the checkout", () => {
  test("is what the processes say of themselves since the last time", async () => {
    const others = [
      beat("relay", { seckill_outbox_age_seconds: 0.25 }),
      beat("consumer", { seckill_consumer_recorded: 5 }),
    ];
    const [first, second, third] = await loads(
      [...others, beat("gateway", gate(1_000, 50, 90))],
      [...others, beat("gateway", gate(1_100, 55, 140)), beat("gateway", gate(9_000, 800, 10), 500, "new")],
      [...others, beat("gateway", gate(1_100, 55, 140))],
    );
    // What was counted before the first reading says nothing about now.
    expect(first).toEqual({ delayMs: 250, failedShare: 0, unknown: undefined });
    expect(second).toEqual({ delayMs: 750, failedShare: 0.05, unknown: undefined });
    expect(third).toEqual({ delayMs: 250, failedShare: 0, unknown: undefined });
  });

  test("counts what waits in the queue by how fast it is recorded", async () => {
    const at = (ready: number, recorded: number, oldest: number) => [
      beat("gateway", {}),
      beat("relay", { seckill_queue_ready: ready }),
      beat("consumer", {
        ...{ seckill_queue_ready: ready, seckill_consumer_recorded: recorded },
        seckill_queue_oldest_in_hand_seconds: oldest,
      }),
    ];
    const [, second, , , , , seventh] = await loads(at(0, 100, 0), ...new Array(6).fill(at(600, 300, 0.5)));
    expect(second!.delayMs).toBe(3_000);
    expect(seventh!.delayMs).toBe(600_000);
  });

  test("goes by the time between the readings, which a slow ledger makes longer", async () => {
    const at = (recorded: number) => [
      beat("gateway", {}),
      beat("relay", { seckill_queue_ready: 600 }),
      beat("consumer", { seckill_consumer_recorded: recorded }),
    ];
    const all = await loadsEvery(3_000, [0, 600, 1_200].map(at));
    expect(all[2]!.delayMs).toBe(3_000);
  });

  test("is not high because one reading finds no new heartbeat of the consumer", async () => {
    const at = (recorded: number) => [
      beat("gateway", {}),
      beat("relay", { seckill_queue_ready: 100 }),
      beat("consumer", { seckill_consumer_recorded: recorded }),
    ];
    const all = await loads(...[0, 500, 1_000, 1_000, 1_500, 2_000, 2_500].map(at));
    expect(Math.max(...all.slice(1).map(({ delayMs }) => delayMs))).toBeLessThan(500);
  });

  test("is not known while a role that is needed is not heard", async () => {
    const all = [beat("gateway", {}), beat("relay", {}), beat("consumer", {})];
    expect((await loads(all))[0]!.unknown).toBeUndefined();
    expect((await loads([beat("all", {})]))[0]!.unknown).toBeUndefined();
    expect((await loads(all.slice(0, 2)))[0]!.unknown).toBe("no consumer is heard");
    expect((await loads([beat("gateway", {}, 4_000), ...all.slice(1)]))[0]!.unknown).toBe("no gateway is heard");
    const reader = new CheckoutLoadReader(
      { read: async () => [beat("gateway", {})] },
      { hasNoGate: true, elapsedMs: () => 0 },
    );
    expect((await reader.read()).unknown).toBeUndefined();
  });
});
