import { expect, test } from "bun:test";
import { Revocations } from "../../src/authorization/revocations.ts";

const ofSession = (sessionId: string, untilMs = 1_000) => ({ userId: "ada", sessionId, leastEpoch: 0, untilMs });
const ofUser = (userId: string, leastEpoch: number, untilMs = 1_000) => ({
  ...{ userId, leastEpoch, untilMs },
  sessionId: undefined,
});
const mark = (sessionId: string, epoch = 0) => ({ sessionId, epoch });

test("a revoked session is over, and no other one of its user", () => {
  const revocations = new Revocations(8);
  expect(revocations.isRevoked("ada", mark("one"))).toBe(false);
  revocations.add(ofSession("one"));
  expect(revocations.isRevoked("ada", mark("one"))).toBe(true);
  expect(revocations.isRevoked("ada", mark("two"))).toBe(false);
  expect(revocations.isRevoked("ada", undefined)).toBe(false);
});

test("all sessions of a user below an epoch are over, and those without a mark are of epoch 0", () => {
  const revocations = new Revocations(8);
  revocations.add(ofUser("ada", 2));
  expect(revocations.isRevoked("ada", mark("one", 1))).toBe(true);
  expect(revocations.isRevoked("ada", undefined)).toBe(true);
  expect(revocations.isRevoked("ada", mark("one", 2))).toBe(false);
  expect(revocations.isRevoked("eve", mark("two"))).toBe(false);
  // News that arrives late takes nothing back.
  revocations.add(ofUser("ada", 1));
  expect(revocations.isRevoked("ada", mark("one", 1))).toBe(true);
});

test("with no room the oldest of its kind is dropped and counted, and logouts drop nothing of whole users", () => {
  const revocations = new Revocations(3);
  revocations.add(ofUser("ada", 1));
  for (let index = 0; index < 3; index++) revocations.add(ofSession(`s${index}`));
  // Known already: this takes no room, and makes it the latest.
  revocations.add(ofSession("s0"));
  expect(revocations.dropped).toBe(0);
  revocations.add(ofSession("s3"));
  expect(["s0", "s1", "s2", "s3"].map((id) => revocations.isRevoked("eve", mark(id)))).toEqual([
    true,
    false,
    true,
    true,
  ]);
  expect(revocations).toMatchObject({ dropped: 1, sessionCount: 3, userCount: 1 });
  expect(revocations.isRevoked("ada", mark("x"))).toBe(true);
});

test("what has ended is forgotten", () => {
  const revocations = new Revocations(8);
  revocations.add(ofSession("one", 1_000));
  revocations.add(ofSession("two", 2_000));
  revocations.add(ofUser("ada", 1, 1_000));
  revocations.forgetEnded(1_000);
  expect(revocations).toMatchObject({ sessionCount: 2, userCount: 1 });
  revocations.forgetEnded(1_001);
  expect(revocations).toMatchObject({ sessionCount: 1, userCount: 0, dropped: 0 });
});
