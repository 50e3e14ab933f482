import { describe, expect, test } from "bun:test";
import { AccessClock } from "../../src/keyspace/access-clock.ts";

const minuteMs = 60_000;

class Scene {
  nowMs = 1_700_000_040_000;
  chance = 0;
  readonly clock = new AccessClock({ steadyMs: () => this.nowMs, random: () => this.chance });

  counting(): this {
    this.clock.countsAccesses = true;
    return this;
  }
}

describe("the access clock of idleness", () => {
  test("returns the seconds since the last access, also after an overflow", () => {
    const { clock, ...scene } = new Scene();
    expect(clock.idleSeconds(clock.fresh)).toBe(0);
    expect(clock.idleSeconds(clock.idleFor(77))).toBe(77);
    expect(scene.nowMs).toBe(1_700_000_040_000);
    const late = new Scene();
    // Two seconds before the 24 bits overflow.
    late.nowMs = (2 ** 24 * 100 - 2) * 1000;
    const before = late.clock.fresh;
    late.nowMs += 5000;
    expect(late.clock.fresh).toBe(3);
    expect(late.clock.idleSeconds(before)).toBe(5);
  });

  test("assumes half of its period for an idle time that began before the period", () => {
    const scene = new Scene();
    scene.nowMs = (2 ** 24 * 100 + 10) * 1000;
    expect(scene.clock.idleSeconds(scene.clock.idleFor(10))).toBe(10);
    expect(scene.clock.idleSeconds(scene.clock.idleFor(11))).toBe(2 ** 23 + 1);
  });
});

describe("the access clock of frequency", () => {
  test("begins at 5, and each access increases it while that is likely", () => {
    const { clock } = new Scene().counting();
    expect(clock.frequency(clock.fresh)).toBe(5);
    const once = clock.used(clock.fresh);
    expect(clock.frequency(once)).toBe(6);
  });

  test("is increased with a probability of one in ten times the count beyond 5", () => {
    const scene = new Scene().counting();
    const { clock } = scene;
    for (const [count, chance] of [
      [3, 1],
      [5, 1],
      [6, 1 / 11],
      [15, 1 / 101],
      [105, 1 / 1001],
    ] as const) {
      scene.chance = chance * 0.999;
      expect(clock.frequency(clock.used(clock.countedAs(count)))).toBe(count + 1);
      scene.chance = chance * 1.001;
      expect(clock.frequency(clock.used(clock.countedAs(count)))).toBe(count);
    }
    scene.chance = 0;
    expect(clock.frequency(clock.used(clock.countedAs(255)))).toBe(255);
  });

  test("is increased by every access when the factor is 0", () => {
    const scene = new Scene().counting();
    scene.clock.logFactor = 0;
    scene.chance = 0.999;
    expect(scene.clock.frequency(scene.clock.used(scene.clock.countedAs(200)))).toBe(201);
  });

  test("falls by one for each lfu-decay-time without access, and never below 0", () => {
    const scene = new Scene().counting();
    const { clock } = scene;
    const counted = clock.countedAs(20);
    clock.decayMinutes = 3;
    scene.nowMs += 8 * minuteMs;
    expect(clock.frequency(counted)).toBe(18);
    expect(clock.frequency(clock.used(counted))).toBe(19);
    scene.nowMs += 1000 * minuteMs;
    expect(clock.frequency(counted)).toBe(0);
    clock.decayMinutes = 0;
    expect(clock.frequency(counted)).toBe(20);
  });

  test("falls across the end of its 16 bits of minutes", () => {
    const scene = new Scene().counting();
    scene.nowMs = (2 ** 16 * 400 - 1) * minuteMs;
    const counted = scene.clock.countedAs(20);
    scene.nowMs += 4 * minuteMs;
    expect(scene.clock.frequency(counted)).toBe(16);
  });
});
