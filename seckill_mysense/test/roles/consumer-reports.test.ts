import { expect, test } from "bun:test";
import { encodeDetails } from "../../src/operations/heartbeat-details.ts";
import type { Heartbeat } from "../../src/ledger/heartbeats.ts";
import { consumerReports } from "../../src/roles/consumer-reports.ts";

test("a consumer that has just started may have messages, and other roles have none", async () => {
  const beat = (role: string, figures: Record<string, number>): Heartbeat => {
    const details = encodeDetails(figures, []);
    return { instance: role, role, host: "host", startedAtMs: 0, ageMs: 40, details };
  };
  const figures = {
    ...{ seckill_queue_in_hand: 2, seckill_queue_received: 9 },
    seckill_queue_oldest_in_hand_seconds: 0.5,
    seckill_queue_connection: 3,
  };
  const older = { seckill_queue_in_hand: 1 };
  const beats = [beat("consumer", {}), beat("all", figures), beat("gateway", { seckill_queue_ready: 7 })];
  // One of an older version does not say on which connection it consumes: nobody may guess that it has one.
  expect(await consumerReports({ read: async () => [beat("consumer", older)] })).toEqual([
    { instance: "consumer", ageMs: 40, held: 1, received: 0, oldestMs: undefined, connection: undefined },
  ]);
  expect(await consumerReports({ read: async () => beats })).toEqual([
    { instance: "consumer", ageMs: 40, held: 1, received: 0, oldestMs: undefined, connection: 0 },
    { instance: "all", ageMs: 40, held: 2, received: 9, oldestMs: 500, connection: 3 },
  ]);
});
