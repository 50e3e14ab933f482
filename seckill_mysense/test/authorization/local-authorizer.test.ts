import { describe, expect, test } from "bun:test";
import { LocalAuthorizer } from "../../src/authorization/local-authorizer.ts";

const holding = { userId: "ada", productId: "lamp", reservationId: "r-1", epoch: 1 };
const reservation = { productId: "lamp", reservationId: "r-1", epoch: 1 };

function authorizer(clock: { nowMs: number }, remembers = true): LocalAuthorizer {
  const rate = { ratePerSecond: 1, burst: 2 };
  return new LocalAuthorizer({
    limits: { check: rate, api: rate, login: rate, room: rate },
    trackedKeys: 1_024,
    bans: { afterFailures: 3, windowMs: 10_000, banMs: 5_000, maxUsers: 10 },
    holdings: remembers ? { capacity: 64, lifetimeMs: 1_000 } : undefined,
    elapsedMs: () => clock.nowMs,
  });
}

describe("what one gateway decides about its users", () => {
  test("each kind of try has a limit of its own", () => {
    const rights = authorizer({ nowMs: 0 });
    for (const kind of ["check", "api", "login", "room"] as const) {
      const kinds = [0, 1, 2].map(() => rights.decide({ kind, userId: "ada" }).kind);
      expect(kinds).toEqual(["allowed", "allowed", "limited"]);
    }
  });

  test("going on although refused leads to a ban, at /check alone", () => {
    const clock = { nowMs: 0 };
    const rights = authorizer(clock);
    const kinds = Array.from({ length: 6 }, () => rights.decide({ kind: "check", userId: "eve" }).kind);
    expect(kinds).toEqual(["allowed", "allowed", "limited", "limited", "limited", "banned"]);
    expect(rights.decide({ kind: "api", userId: "eve" }).kind).toBe("allowed");
    clock.nowMs = 5_000;
    expect(rights.decide({ kind: "check", userId: "eve" }).kind).toBe("allowed");
  });

  test("a look counts nothing", () => {
    const rights = authorizer({ nowMs: 0 });
    for (let look = 0; look < 10; look++) {
      expect(rights.decide({ kind: "check", userId: "ada", isPeek: true }).kind).toBe("allowed");
    }
    rights.decide({ kind: "check", userId: "ada" });
    rights.decide({ kind: "check", userId: "ada" });
    const looks = Array.from({ length: 10 }, () => rights.decide({ kind: "check", userId: "ada", isPeek: true }));
    expect(new Set(looks.map(({ kind }) => kind))).toEqual(new Set(["limited"]));
    expect(rights.failingUsers).toBe(0);
  });

  test("a reservation is remembered for its time, and only in a ring", () => {
    const clock = { nowMs: 0 };
    const ask = (rights: LocalAuthorizer): string =>
      rights.decide({ kind: "check", userId: "ada", reservation, isPeek: true }).kind;
    const [together, alone] = [authorizer(clock), authorizer(clock, false)];
    for (const rights of [together, alone]) rights.reportHolding(holding);
    expect([ask(together), ask(alone)]).toEqual(["held", "allowed"]);
    expect(together.decide({ kind: "check", userId: "eve", reservation, isPeek: true }).kind).toBe("allowed");
    clock.nowMs = 1_000;
    expect(ask(together)).toBe("allowed");
  });
});

describe("what raises a risk", () => {
  const keys = 1_024;
  const clock = { nowMs: 1_000_000 };
  const open = () =>
    new LocalAuthorizer({
      limits: { name_failures: { ratePerSecond: 0.01, burst: 320 }, once: { ratePerSecond: 1 / 3_600, burst: 1 } },
      trackedKeys: keys,
      bans: { afterFailures: 3, windowMs: 10_000, banMs: 5_000, maxUsers: 10 },
      holdings: undefined,
      elapsedMs: () => clock.nowMs,
    });

  test("is counted up to a bound, read without being counted, and forgotten with time", () => {
    const local = open();
    const count = (isPeek: boolean) => local.decide({ kind: "name_failures", userId: "ada", isPeek });
    expect(count(true)).toEqual({ kind: "allowed", counted: 0 });
    for (let number = 1; number <= 400; number++) {
      expect(count(false)).toEqual({ kind: "allowed", counted: Math.min(number, 320) });
    }
    clock.nowMs += 100 * 100_000;
    expect(count(true)).toEqual({ kind: "allowed", counted: 220 });
  });

  test("stays known while a flood of other names or addresses fills the table, whose size does not change", () => {
    const local = open();
    for (let time = 0; time < 4; time++) local.decide({ kind: "name_failures", userId: "ada" });
    for (let number = 0; number < keys * 50; number++)
      local.decide({ kind: "name_failures", userId: `flood-${number}` });
    expect(local.decide({ kind: "name_failures", userId: "ada", isPeek: true })).toEqual({
      kind: "allowed",
      counted: 4,
    });
    let known = 0;
    for (let number = 0; number < keys * 50; number++) {
      const verdict = local.decide({ kind: "name_failures", userId: `flood-${number}`, isPeek: true });
      if (verdict.kind === "allowed" && verdict.counted === 1) known++;
    }
    expect(known).toBeGreaterThan(0);
    expect(known).toBeLessThan(keys);
  });

  test("something that comes once an hour is told from something that comes again", () => {
    const local = open();
    const kinds = [0, 1].map(() => local.decide({ kind: "once", userId: "work 1" }).kind);
    expect(kinds).toEqual(["allowed", "limited"]);
    clock.nowMs += 3_600_001;
    expect(local.decide({ kind: "once", userId: "work 1" }).kind).toBe("allowed");
  });
});
