import { describe, expect, test } from "bun:test";
import { requireService, waitUntil } from "../../../tools/test-services/index.ts";
import { silentLogger, systemClock } from "../../index.ts";
import { demoProductId } from "../../src/roles/demo-sale.ts";
import { openGate, openLedger } from "../../src/roles/system-parts.ts";
import { loadSettings } from "../../src/settings/load-settings.ts";
import type { ToldAnswer } from "../../src/verify/told-answer.ts";
import { renderReport } from "../../src/verify/verification-report.ts";
import { verifySale } from "../../src/verify/verify-sale.ts";
import { testSecret } from "../fakes/test-gateway.ts";
import { runProgram } from "../roles/program.ts";
import { type Buyer, type CrowdSale, gatherBuyers, runCrowd, whatTheyWereTold } from "../simulation/crowd.ts";
import {
  gaugeOf,
  type GatewayProcess,
  type GatewayProcesses,
  ownersAt,
  startGateways,
  untilRingOf,
} from "./gateway-processes.ts";

const redis = requireService("redis");
const units = 500;
const buyerCount = 3_000;
const requests = 12_000;
/** The longest delay that a lost gateway may cause, plus a second for a busy machine. */
const leavesWithinMs = 3_000;
const watchedUsers = Array.from({ length: 300 }, (_, index) => `watched-${index}`);

describe.skipIf(redis.missing)(`a sale through three gateways${redis.reason}`, () => {
  test("one is killed in mid-sale: its users are served elsewhere, the sale verifies, and only its share comes back", async () => {
    await using ring = await startGateways({ count: 3, units });
    const victim = ring.gateways[1]!;
    const before = await ownersAt(ring.operationsUrls()[0]!, watchedUsers);
    const told = await sellWith(ring, async () => {
      await victim.program!.process.kill("SIGKILL");
      victim.program = undefined;
      await untilRingOf(2, ring.operationsUrls(), leavesWithinMs);
      await expectOnlyItsUsersMoved(ring, victim, before);
      await ring.start(victim);
      await untilRingOf(3, ring.operationsUrls());
    });
    for (const url of ring.operationsUrls()) expect(await ownersAt(url, watchedUsers)).toEqual(before);
    await expectSaleVerifies(ring, told);
  }, 90_000);

  test("one is frozen in mid-sale and thaws: the same", async () => {
    const gateways = { ask_timeout_ms: 150, down_after_ms: 1_000 };
    await using ring = await startGateways({ count: 3, units, gateways });
    const victim = ring.gateways[2]!;
    const before = await ownersAt(ring.operationsUrls()[0]!, watchedUsers);
    const told = await sellWith(ring, async () => {
      victim.isFrozen = true;
      await victim.program!.process.kill("SIGSTOP");
      await untilRingOf(2, ring.operationsUrls(), leavesWithinMs);
      await expectOnlyItsUsersMoved(ring, victim, before);
      await victim.program!.process.kill("SIGCONT");
      victim.isFrozen = false;
      await untilRingOf(3, ring.operationsUrls());
    });
    for (const url of ring.operationsUrls()) expect(await ownersAt(url, watchedUsers)).toEqual(before);
    // No buyer was refused because of it: the other gateways decided about the waiting users themselves.
    for (const url of ring.operationsUrls())
      expect(await gaugeOf(url, 'seckill_owner_questions_total{outcome="full"}')).toBe(0);
    await expectSaleVerifies(ring, told);
  }, 90_000);
});

describe.skipIf(redis.missing)(`limits of users while a gateway is lost${redis.reason}`, () => {
  test("hold for those of the other gateways, and are at most each gateway's own for those who move", async () => {
    const burst = 4;
    const limits = { check_per_user: { rate_per_second: 0.001, burst }, ban_after_failures: 0 };
    await using ring = await startGateways({ count: 3, units, limits });
    const victim = ring.gateways[1]!;
    const buyers = gatherBuyers(demoSale(), 60);
    const ids = buyers.map(({ userId }) => userId);
    const owners = await ownersAt(ring.operationsUrls()[0]!, ids);
    const passed = new Map(ids.map((id) => [id, 0]));
    let turn = 0;
    const tryOnce = async ({ userId, token }: Buyer): Promise<void> => {
      const urls = ring.urls();
      const headers = { authorization: `Bearer ${token}` };
      const url = `${urls[turn++ % urls.length]}/check?productID=${demoProductId}`;
      const status = await fetch(url, { headers }).then((response) => response.status);
      if (status === 200 || status === 202) passed.set(userId, passed.get(userId)! + 1);
      else expect(status).toBe(429);
    };
    const everybodyTries = async (times: number): Promise<void> => {
      for (let time = 0; time < times; time++) await Promise.all(buyers.map(tryOnce));
    };
    await everybodyTries(burst + 1);
    expect(new Set(passed.values())).toEqual(new Set([burst]));
    const { program } = victim;
    victim.program = undefined;
    await program!.process.kill("SIGKILL");
    await everybodyTries(2 * burst);
    await untilRingOf(2, ring.operationsUrls(), leavesWithinMs);
    await everybodyTries(2 * burst);
    for (const [index, id] of ids.entries()) {
      // The successor starts a new count, and before that each of the two other gateways does.
      if (owners[index] === victim.name) expect(passed.get(id)!).toBeWithin(burst + 1, 3 * burst + 1);
      else expect(passed.get(id)).toBe(burst);
    }
  }, 60_000);
});

async function expectOnlyItsUsersMoved(
  ring: GatewayProcesses,
  { name }: GatewayProcess,
  before: readonly string[],
): Promise<void> {
  for (const url of ring.operationsUrls()) {
    const after = await ownersAt(url, watchedUsers);
    for (const [index, owner] of after.entries()) {
      if (before[index] === name) expect(owner).not.toBe(name);
      else expect(owner).toBe(before[index]!);
    }
  }
}

function demoSale(): CrowdSale {
  const nowMs = Date.now();
  const window = { startsAtMs: nowMs - 60_000, endsAtMs: nowMs + 3_600_000 };
  return { secret: testSecret, saleId: "demo", productId: demoProductId, ...window };
}

/** Lets the crowd buy through all gateways in turn, and runs an action after part of the crowd has been served. */
async function sellWith(ring: GatewayProcesses, midSale: () => Promise<void>): Promise<ToldAnswer[]> {
  const buyers = gatherBuyers(demoSale(), buyerCount);
  let turn = 0;
  const url = (): string => {
    const urls = ring.urls();
    return urls[turn++ % urls.length]!;
  };
  let during = Promise.resolve();
  const asked = { url, productId: demoProductId, buyers };
  const result = await runCrowd({
    ...asked,
    requests,
    concurrency: 64,
    seed: 20_261_122,
    onAnswer(count) {
      if (count === 300) during = midSale();
    },
  });
  await during;
  expect(result.contradictions).toEqual([]);
  expect(Object.values(result.statuses).reduce((sum, count) => sum + count, 0)).toBe(requests);
  const told = await whatTheyWereTold(asked, result.held);
  expect(told.filter(({ answer }) => answer === "won")).toHaveLength(units);
  return told;
}

/** Checks the invariants I1 to I8 against the ledger, the gate and the answers to every buyer. */
async function expectSaleVerifies(ring: GatewayProcesses, told: readonly ToldAnswer[]): Promise<void> {
  const settings = loadSettings(ring.configFile, {});
  const ledger = openLedger(settings, systemClock.now);
  const gate = openGate(settings, { url: ring.redis.url }, silentLogger);
  await waitUntil(async () => (await gate.status("demo", demoProductId))?.outboxLength === 0, {
    what: "the outbox to be empty",
    timeoutMs: 30_000,
  });
  const report = await verifySale({ saleId: "demo", ledger, gate, told, demandLeft: true });
  await gate.close();
  expect(await ledger.sales.readTotals(demoProductId)).toEqual({ total: units, reserved: units, sold: 0 });
  await ledger.close();
  expect(renderReport(report)).toContain("no invariant is violated");
  for (const { program } of ring.gateways) await program!.process.stop();
  const verified = await runProgram(["verify", "--at-rest", "--config", ring.configFile]);
  expect(verified.stderr).toBe("");
  expect(verified.code).toBe(0);
}
