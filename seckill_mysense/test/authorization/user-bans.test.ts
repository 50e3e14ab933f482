import { describe, expect, test } from "bun:test";
import { UserBans } from "../../src/authorization/user-bans.ts";

const rules = { afterFailures: 3, windowMs: 1_000, banMs: 500, maxUsers: 4 };

function fail(bans: UserBans, userId: string, times: number, nowMs: number): void {
  for (let time = 0; time < times; time++) bans.recordFailure(userId, nowMs);
}

describe("bans", () => {
  test("one failure too many within the window leads to a ban, which ends", () => {
    const bans = new UserBans(rules);
    fail(bans, "eve", 2, 0);
    expect(bans.waitMs("eve", 0)).toBe(0);
    fail(bans, "eve", 1, 900);
    expect(bans.waitMs("eve", 900)).toBe(500);
    expect(bans.waitMs("eve", 1_399)).toBe(1);
    expect(bans.waitMs("eve", 1_400)).toBe(0);
    expect(bans.waitMs("ada", 900)).toBe(0);
  });

  test("failures of an earlier window do not count", () => {
    const bans = new UserBans(rules);
    fail(bans, "eve", 2, 0);
    fail(bans, "eve", 2, 1_000);
    expect(bans.waitMs("eve", 1_000)).toBe(0);
  });

  test("failing during a ban does not lengthen it, and after it the count begins anew", () => {
    const bans = new UserBans(rules);
    fail(bans, "eve", 3, 0);
    fail(bans, "eve", 50, 400);
    expect(bans.waitMs("eve", 400)).toBe(100);
    fail(bans, "eve", 2, 500);
    expect(bans.waitMs("eve", 500)).toBe(0);
  });

  test("a flood of failing users makes it forget, never ban somebody else", () => {
    const bans = new UserBans(rules);
    for (let user = 0; user < 1_000; user++) fail(bans, `user-${user}`, 2, 0);
    expect(bans.size).toBe(4);
    expect(bans.waitMs("user-999", 0)).toBe(0);
  });

  test("those who stopped failing are forgotten", () => {
    const bans = new UserBans({ ...rules, maxUsers: 1_000 });
    for (let user = 0; user < 100; user++) fail(bans, `user-${user}`, 1, 0);
    for (let user = 0; user < 100; user++) fail(bans, `late-${user}`, 1, 5_000);
    expect(bans.size).toBe(100);
  });

  test("zero failures switch bans off", () => {
    const bans = new UserBans({ ...rules, afterFailures: 0 });
    fail(bans, "eve", 100, 0);
    expect([bans.waitMs("eve", 0), bans.size]).toEqual([0, 0]);
  });
});
