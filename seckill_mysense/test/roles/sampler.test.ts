import { expect, test } from "bun:test";
import { HealthBoard } from "../../src/health/health-board.ts";
import { silentLogger } from "../../src/logging/logger.ts";
import { encodeDetails } from "../../src/operations/heartbeat-details.ts";
import { consumerReports } from "../../src/roles/consumer-reports.ts";
import type { RunningParts } from "../../src/roles/running-parts.ts";
import { Sampler } from "../../src/roles/sampler.ts";
import type { SystemOptions } from "../../src/roles/system-options.ts";
import { systemClock } from "../../src/time/clock.ts";

test("what a consumer says of itself reaches the repairs through its heartbeat, its connection included", async () => {
  const progress = { received: 9, repeated: 3, oldestMs: 500, connection: 4 };
  const consumer = { inHand: 2, progress, counts: { recorded: 7 }, handlingSinceMs: undefined };
  const sampler = new Sampler(
    { clock: systemClock } as unknown as SystemOptions,
    { consumer } as unknown as RunningParts,
    new HealthBoard({ logger: silentLogger, now: systemClock.now }),
  );
  const details = encodeDetails(sampler.figures, []);
  const beat = { instance: "one", role: "consumer", host: "host", startedAtMs: 0, ageMs: 40, details };
  expect(await consumerReports({ read: async () => [beat] })).toEqual([
    { instance: "one", ageMs: 40, held: 2, received: 9, oldestMs: 500, connection: 4 },
  ]);
});
