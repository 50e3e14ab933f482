import { expect, test } from "bun:test";
import { HasherOverloaded } from "../../src/authorization/password-hasher.ts";
import { RateLimiter } from "../../src/authorization/rate-limiter.ts";
import { WorkChallenges, workFor } from "../../src/authorization/work-challenges.ts";
import { checkedWork } from "../../src/gateway/checked-work.ts";
import { testSecret } from "../fakes/test-gateway.ts";

test("work is checked in the turns of the password hasher: no flood of it takes more cores or memory", async () => {
  class Challenges extends WorkChallenges {
    checks = 0;

    override read(): Promise<undefined> {
      this.checks++;
      return Promise.resolve(undefined);
    }
  }
  const challenges = new Challenges([testSecret], { index: 0 }, Date.now);
  const tries = new RateLimiter({ ratePerSecond: 1, burst: 1 }, 8);
  const busy = { inTurn: () => Promise.reject(new HasherOverloaded(0)) };
  const asked = checkedWork(
    { challenges, tries, hasher: busy, elapsedMs: () => 0 },
    "work",
    workFor("login", "ada"),
    "::1",
  );
  await expect(asked).rejects.toBeInstanceOf(HasherOverloaded);
  expect(challenges.checks).toBe(0);
});
