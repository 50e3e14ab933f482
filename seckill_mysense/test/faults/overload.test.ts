import { describe, expect, test } from "bun:test";
import { freshRabbitmqVhost, startRedisServer, waitUntil } from "../../../tools/test-services/index.ts";
import type { Buyer } from "../simulation/crowd.ts";
import { gatherBuyers, whatTheyWereTold } from "../simulation/crowd.ts";
import { residentBytes } from "../fakes/resident-bytes.ts";
import { testProduct, testSecret } from "../fakes/test-gateway.ts";
import { programServices, startProgramServices } from "../roles/program-services.ts";
import { configFolder, type RunningProgram, startProgram } from "../roles/program.ts";
import { figureOf, partsOf } from "./operations-of.ts";
import { openConnections, type Answered } from "./many-connections.ts";
import { openSale, verifiedAtRest } from "./sale-on-services.ts";

const { missing, reason } = programServices;
const hourMs = 3_600_000;
const mebibyte = 1_048_576;
const noLimit = { rate_per_second: 0, burst: 1 };
const roleNames = ["gateway", "relay", "consumer", "sweeper"] as const;

/** All roles as processes, on real servers of their own, with an open sale. */
async function openShop(units: number, limits: Record<string, unknown> = {}) {
  const cleanup = new AsyncDisposableStack();
  const services = await startProgramServices();
  cleanup.defer(() => services.stop());
  const redis = await startRedisServer({});
  cleanup.defer(() => redis.stop());
  const broker = await freshRabbitmqVhost({ dedicated: true });
  cleanup.defer(() => broker.drop());
  const { configFile } = configFolder({
    backend: { api_secret: testSecret },
    sale: { pay_within_seconds: 3_600 },
    ...services.config,
    redis: { url: redis.url },
    rabbitmq: { url: broker.url, queue_name: "sale" },
    limits: { check_per_user: noLimit, check_per_address: noLimit, ...limits },
  });
  await openSale(services.mysql, units);
  const programs = await Promise.all(roleNames.map((role) => startProgram(configFile, { role })));
  for (const { process } of programs) cleanup.defer(async () => void (await process.stop()));
  const [gateway, relay, consumer, sweeper] = programs as [
    RunningProgram,
    RunningProgram,
    RunningProgram,
    RunningProgram,
  ];
  await waitUntil(async () => (await fetch(`${gateway.url}/readyz`)).ok, {
    what: "the gateway to be ready",
    timeoutMs: 20_000,
  });
  const { url } = gateway;
  return {
    ...{ configFile, redis, broker, gateway, relay, consumer, sweeper, url },
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
}

function buyersOf(count: number): Buyer[] {
  const times = { startsAtMs: Date.now() - hourMs, endsAtMs: Date.now() + hourMs };
  return gatherBuyers({ secret: testSecret, saleId: testProduct.saleId, productId: testProduct.id, ...times }, count);
}

function countOf(answers: readonly Answered[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** What each buyer who was accepted is told in the end. */
async function toldTo(url: string, buyers: readonly Buyer[], answers: readonly Answered[]) {
  const held = new Map<Buyer, string>();
  for (const [index, { status, reservation }] of answers.entries()) {
    if (status === 202 || status === 200) held.set(buyers[index]!, reservation!);
  }
  return whatTheyWereTold({ url: () => url, productId: testProduct.id, buyers }, held);
}

describe.skipIf(missing)(`more than the sale can take, with every role as a process${reason}`, () => {
  test("fault 21: a gate that does not answer is no queue without end: others are shed, and all is sold later", async () => {
    const units = 200;
    await using shop = await openShop(units, { requests_in_flight: 256, gate_concurrency: 64, gate_timeout_ms: 1_000 });
    const { gateway, redis, url } = shop;
    const buyers = buyersOf(2_000);
    await using crowd = await openConnections(url, testProduct.id, buyers);
    const before = residentBytes(gateway.process.pid);
    await redis.kill("SIGSTOP");
    const refused: Answered[] = [];
    for (let wave = 0; wave < 5; wave++) refused.push(...(await crowd.askAll()));
    // Nobody was told of a unit, or left without an answer; most were shed before they asked the gate.
    expect(Object.keys(countOf(refused))).toEqual(["503"]);
    const errors = new Set(refused.map(({ error }) => error));
    expect([...errors].filter((error) => !["overloaded", "gate_unavailable", "gate_closed"].includes(error!))).toEqual(
      [],
    );
    expect(errors).toContain("overloaded");
    expect(refused.every(({ retryAfter }) => Number(retryAfter) >= 1)).toBe(true);
    expect(residentBytes(gateway.process.pid) - before).toBeLessThan(256 * mebibyte);
    await redis.kill("SIGCONT");
    const answers = await crowd.askUntilDecided();
    // What the frozen server had received was decided when it went on: such a buyer holds the unit already.
    const { 202: accepted = 0, 200: held = 0, ...others } = countOf(answers);
    expect([accepted + held, others]).toEqual([units, { 410: buyers.length - units }]);
    const told = await toldTo(url, buyers, answers);
    expect(told.filter(({ answer }) => answer === "won")).toHaveLength(units);
    await verifiedAtRest(shop.configFile, told);
  }, 180_000);

  test("fault 21: a consumer that stands still, and then a full queue, lose nothing and cost little memory", async () => {
    const units = 2_000;
    const room = 100;
    await using shop = await openShop(units);
    const { gateway, relay, consumer, broker, url } = shop;
    await broker.server.control("set_policy", "-p", broker.vhost, "short", "^sale[.]v2$", `{"max-length":${room}}`);
    await consumer.process.kill("SIGSTOP");
    const before = [gateway, relay].map(({ process }) => residentBytes(process.pid));
    const buyers = buyersOf(units + 500);
    await using crowd = await openConnections(url, testProduct.id, buyers);
    const answers = await crowd.askUntilDecided();
    expect(countOf(answers)).toEqual({ 202: units, 410: 500 });
    await waitUntil(async () => (await partsOf(relay))["relay"]?.status === "down", {
      what: "the relay to say that the queue is full",
      timeoutMs: 30_000,
    });
    // The limit is the broker's, so that only the broker knows it.
    expect((await partsOf(relay))["relay"]!.reason).toContain("message rejected by server");
    // The outboxes are looked at now and then.
    await waitUntil(async () => ((await figureOf(relay, "seckill_outbox_length")) ?? 0) > 0, {
      what: "the relay to report what waits in the outbox",
      timeoutMs: 30_000,
    });
    const grown = [gateway, relay].map(({ process }, index) => residentBytes(process.pid) - before[index]!);
    for (const bytes of grown) expect(bytes).toBeLessThan(256 * mebibyte);
    await consumer.process.kill("SIGCONT");
    const told = await toldTo(url, buyers, answers);
    expect(told.filter(({ answer }) => answer === "won")).toHaveLength(units);
    await verifiedAtRest(shop.configFile, told);
  }, 180_000);

  test("fault 23: ten thousand connections that ask in the same moment are all answered, and exactly the units are sold", async () => {
    const units = 1_000;
    const connections = 10_000;
    await using shop = await openShop(units);
    const { gateway, url } = shop;
    const buyers = buyersOf(connections);
    const before = residentBytes(gateway.process.pid);
    await using crowd = await openConnections(url, testProduct.id, buyers);
    expect(crowd.open).toBe(connections);
    const answers = await crowd.askUntilDecided();
    expect(crowd.open).toBe(connections);
    expect(countOf(answers)).toEqual({ 202: units, 410: connections - units });
    expect(residentBytes(gateway.process.pid) - before).toBeLessThan(512 * mebibyte);
    const told = await toldTo(url, buyers, answers);
    expect(told.filter(({ answer }) => answer === "won")).toHaveLength(units);
    await verifiedAtRest(shop.configFile, told);
  }, 240_000);
});
