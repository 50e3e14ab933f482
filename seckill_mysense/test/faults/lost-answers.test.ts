import { describe, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { gateScripts } from "../../src/gate/gate-script.ts";
import { gateServerKinds, type GateTestServer } from "../contract/gate/gate-servers.ts";
import type { FaultyProxy } from "../fakes/faulty-proxy.ts";
import { testProduct } from "../fakes/test-gateway.ts";
import { programServices } from "../roles/program-services.ts";
import { figureOf, logOf } from "./operations-of.ts";
import { type Crowd, ShopInRoles } from "./shop-in-roles.ts";

const { missing, reason } = programServices;
const timeoutMs = 180_000;
const inEachWave = 40;
/** Six waves take theirs, and the last buyers want twice as many as are left. */
const units = 7 * inEachWave;
const { id: productId, saleId } = testProduct;
const kinds = gateServerKinds.filter(({ skipReason }) => skipReason === "");

describe.skipIf(missing)(`a whole sale whose roles lose answers${reason}`, () => {
  test.each(kinds.map((kind) => [kind.name, kind] as const))(
    "faults 2, 3, 7, 9 and 10, with the gate on %s: exactly the units are sold, and everyone is told the truth",
    async (_name, kind) => {
      await using cleanup = new AsyncDisposableStack();
      const gateServer = await kind.start({ durable: true });
      cleanup.defer(() => gateServer.stop());
      const redis = { url: `redis://${gateServer.host}:${gateServer.port}` };
      const config = { redis, limits: { gate_timeout_ms: 500 } };
      await using shop = await ShopInRoles.open({ products: { [productId]: units }, config });
      const [toGate, relayToGate] = [await shop.lineTo("redis"), await shop.lineTo("redis")];
      const toBroker = await shop.lineTo("rabbitmq");
      await Promise.all([
        shop.start("gateway", { config: toGate.config }),
        shop.start("relay", { config: { ...relayToGate.config, ...toBroker.config } }),
        shop.start("consumer"),
        shop.start("sweeper"),
      ]);

      await loseConfirms(shop, toBroker.line, () => timeOutScripts(shop, toGate.line));
      await shop.untilVerified({ demandLeft: false });
      await killGate(shop, gateServer);
      await shop.untilVerified({ demandLeft: false });
      await deleteQueue(shop);
      await shop.untilVerified({ demandLeft: false });
      await killRelay(shop, relayToGate.line);
      await shop.untilVerified({ demandLeft: false });
      const rest = await shop.crowd(productId, shop.buyersOf(productId, 2 * inEachWave, "late"));
      expect(await shop.hear(rest)).toBe(inEachWave);
      await shop.untilVerified({ demandLeft: true });
    },
    timeoutMs,
  );
});

/** Each of the buyers must get a unit: there are enough of them. */
async function expectAllWon(shop: ShopInRoles, crowd: Crowd): Promise<void> {
  const before = shop.told.length;
  await shop.hear(crowd);
  // All answers, so that a failure says what became of the others.
  const told = [...Map.groupBy(shop.told.slice(before), ({ answer }) => answer)];
  const counts = told.map(([answer, those]) => [answer, those.length]);
  expect({ counts, statuses: crowd.statuses }).toMatchObject({ counts: [["won", crowd.buyers.length]] });
}

/** Fault 9: the broker stores what the relay publishes, and no confirm arrives. Meanwhile another fault may happen. */
async function loseConfirms(shop: ShopInRoles, line: FaultyProxy, meanwhile: () => Promise<Crowd>): Promise<void> {
  const [relay, consumer] = [shop.program("relay"), shop.program("consumer")];
  // So that all connections are open.
  await expectAllWon(shop, await shop.crowd(productId, shop.buyersOf(productId, inEachWave, "first")));
  await untilDrained(shop);
  const endedBefore = line.ended;
  line.holdAnswers();
  const crowd = await shop.crowd(productId, shop.buyersOf(productId, inEachWave, "unconfirmed"));
  await waitUntil(async () => (await figureOf(consumer, "seckill_consumer_recorded"))! > inEachWave, {
    what: "an order whose message was not confirmed",
    timeoutMs: 20_000,
  });
  expect(await figureOf(relay, "seckill_relay_published")).toBe(inEachWave);
  const other = await meanwhile();
  // The relay's time limit ends the wait, or that of a question to the broker on the same connection.
  await waitUntil(() => line.ended > endedBefore, { what: "the relay to give up its connection", timeoutMs: 30_000 });
  line.releaseAnswers();
  for (const each of [crowd, other]) await expectAllWon(shop, each);
  expect(await duplicates(shop)).toBeGreaterThan(0);
}

/** Fault 2: the gate decides, and its answers come after the gateway has given up. */
async function timeOutScripts(shop: ShopInRoles, line: FaultyProxy): Promise<Crowd> {
  const available = async (): Promise<number> => (await shop.gate.status(saleId, productId))!.available;
  const before = await available();
  line.holdAnswers();
  const buying = shop.crowd(productId, shop.buyersOf(productId, inEachWave, "timed-out"));
  buying.catch(() => {});
  const { operationsUrl } = shop.program("gateway");
  const isToldUnknown = async (): Promise<boolean> => {
    const metrics = await (await fetch(`${operationsUrl}/metrics`)).text();
    return /^seckill_check_total\{outcome="gate_unavailable"\} [1-9]/m.test(metrics);
  };
  await waitUntil(isToldUnknown, { what: "a buyer to be told that nothing is known", timeoutMs: 20_000 });
  expect(await available()).toBeLessThan(before);
  line.releaseAnswers();
  return buying;
}

/** Fault 3: the gate's server is killed among the answers, and comes back. */
async function killGate(shop: ShopInRoles, server: GateTestServer): Promise<void> {
  let restarting: Promise<void> | undefined;
  const crowd = await shop.crowd(productId, shop.buyersOf(productId, inEachWave, "killed-gate"), {
    onAnswer(count) {
      if (count >= 10) restarting ??= server.crash().then(() => server.restart());
    },
  });
  await restarting;
  expect(crowd.repeated).toBeGreaterThan(0);
  await expectAllWon(shop, crowd);
}

/** Fault 10: the relay publishes to a queue that has been deleted. */
async function deleteQueue(shop: ShopInRoles): Promise<void> {
  const [gateway, relay, consumer] = [shop.program("gateway"), shop.program("relay"), shop.program("consumer")];
  await untilDrained(shop);
  // Each role that looks at the queue declares it again once it has found it missing: only the relay may do so here.
  await consumer.process.kill("SIGSTOP");
  await relay.process.kill("SIGSTOP");
  const crowd = await shop.crowd(productId, shop.buyersOf(productId, inEachWave, "unroutable"));
  await gateway.process.kill("SIGSTOP");
  await shop.deleteQueue();
  await relay.process.kill("SIGCONT");
  await untilLogged(shop, "the broker had no queue");
  await gateway.process.kill("SIGCONT");
  await consumer.process.kill("SIGCONT");
  await expectAllWon(shop, crowd);
}

/** Fault 7: the relay's acknowledgement does not reach the gate, and the relay is killed. */
async function killRelay(shop: ShopInRoles, line: FaultyProxy): Promise<void> {
  await untilDrained(shop);
  const before = await duplicates(shop);
  line.swallowFrom = gateScripts.acknowledge.sha1;
  const crowd = await shop.crowd(productId, shop.buyersOf(productId, inEachWave, "killed-relay"));
  await waitUntil(() => line.swallows, { what: "an acknowledgement", timeoutMs: 20_000 });
  await shop.program("relay").process.kill("SIGKILL");
  await shop.start("relay");
  await expectAllWon(shop, crowd);
  await untilDrained(shop);
  expect(await duplicates(shop)).toBeGreaterThan(before);
}

/** Messages that the consumer has had and that were recorded before. */
async function duplicates(shop: ShopInRoles): Promise<number> {
  const consumer = shop.program("consumer");
  const received = await figureOf(consumer, "seckill_queue_received");
  return received! - (await figureOf(consumer, "seckill_consumer_recorded"))!;
}

async function untilDrained({ gate, queue }: ShopInRoles): Promise<void> {
  const isDrained = async (): Promise<boolean> => {
    const { ready, unacknowledged } = await queue.depth();
    return ready + unacknowledged + (await gate.status(saleId, productId))!.outboxLength === 0;
  };
  await waitUntil(isDrained, { what: "outbox and queue to be empty", timeoutMs: 30_000 });
}

async function untilLogged(shop: ShopInRoles, text: string): Promise<void> {
  const lines = (): unknown[] => logOf(shop.program("relay")).map(({ reason: why }) => why);
  const isLogged = (): boolean => lines().some((line) => String(line).includes(text));
  const what = `the relay to say ${JSON.stringify(text)}`;
  await waitUntil(isLogged, { what, timeoutMs: 30_000 }).catch((error: Error) => {
    throw new Error(`${error.message}; it said:\n${shop.program("relay").process.stdout()}`);
  });
}
