import { describe, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { demoProductId } from "../../src/roles/demo-sale.ts";
import { buyerWithToken } from "../fakes/test-buyer.ts";
import { testSecret } from "../fakes/test-gateway.ts";
import { programServices, startProgramServices } from "../roles/program-services.ts";
import { configFolder, type RunningProgram, startProgram } from "../roles/program.ts";
import { type PrintedSpan, printedSpans } from "./printed-span.ts";

const preload = `${import.meta.dir}/print-spans.ts`;
/** Of a program that asks, as W3C Trace Context writes it. */
const caller = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
/** The tests' requests come from this machine. */
const trusted = { trusted_proxies: ["127.0.0.0/8"] };

async function whenReady({ url }: RunningProgram): Promise<void> {
  const isReady = async (): Promise<boolean> => (await fetch(`${url}/readyz`)).status === 200;
  await waitUntil(isReady, { what: "the gateway to be ready", timeoutMs: 20_000 });
}

interface Purchase {
  /** Processes of other roles. */
  readonly others?: readonly RunningProgram[];
  /** The last field of the caller's traceparent: whether the caller records its trace. */
  readonly flags?: "00" | "01";
}

/** Buys one unit, and gives the spans of the purchase's trace once the ledger has recorded it. */
async function spansOfPurchase(
  gateway: RunningProgram,
  { others = [], flags = "01" }: Purchase = {},
): Promise<PrintedSpan[]> {
  const [buyer, bearer] = await buyerWithToken(gateway.url, "Ada", demoProductId);
  const headers = { traceparent: `00-${caller.traceId}-${caller.spanId}-${flags}` };
  const answer = await buyer.send("POST", `/check?productID=${demoProductId}`, { bearer, headers });
  expect(answer.status).toBe(202);
  const spans = (): PrintedSpan[] => printedSpans([gateway, ...others].map(({ process }) => process));
  await waitUntil(() => spans().some(({ name }) => name === "ledger record"), {
    what: "the span of the commit",
    timeoutMs: 20_000,
  });
  const purchase = spans().find(({ name }) => name === "POST /check");
  return spans().filter(({ traceId }) => traceId === purchase?.traceId);
}

/** Every span with the one that it stands below; `root` is what the first one stands below. */
function expectOnePurchase(spans: readonly PrintedSpan[], root: "caller" | undefined): void {
  const nameOf = (id: string | undefined): string | undefined =>
    id === caller.spanId ? "caller" : spans.find(({ spanId }) => spanId === id)?.name;
  const edges = spans.map(({ name, parentId }) => [nameOf(parentId), name]);
  expect(edges.toSorted((a, b) => a[1]!.localeCompare(b[1]!))).toEqual([
    ["POST /check", "gate reserve"],
    ["relay publish", "ledger record"],
    [root, "POST /check"],
    ["gate reserve", "relay publish"],
  ]);
  const attributes = Object.fromEntries(spans.map((span) => [span.name, span.attributes]));
  expect(attributes["POST /check"]).toMatchObject({ "http.route": "/check", "http.response.status_code": 202 });
  expect(attributes["gate reserve"]).toMatchObject({ "seckill.outcome": "accepted" });
}

test("with an SDK a purchase is one trace, which continues the one that a trusted proxy brings", async () => {
  const system = await startProgram(configFolder({ backend: trusted }).configFile, { preload });
  const spans = await spansOfPurchase(system);
  expectOnePurchase(spans, "caller");
  expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([caller.traceId]));
  await system.process.stop();
});

test("the trace that anybody else brings is only linked: it neither hides the purchase nor names its trace", async () => {
  for (const flags of ["01", "00"] as const) {
    const system = await startProgram(configFolder().configFile, { preload });
    const spans = await spansOfPurchase(system, { flags });
    expectOnePurchase(spans, undefined);
    expect(spans[0]!.traceId).not.toBe(caller.traceId);
    expect(spans.find(({ name }) => name === "POST /check")!.links).toEqual([caller.spanId]);
    await system.process.stop();
  }
});

test("a refusal is a span too, without a trace below it", async () => {
  const system = await startProgram(configFolder().configFile, { preload });
  const answer = await fetch(`${system.url}/check?productID=${demoProductId}`, { method: "POST" });
  expect(answer.status).toBe(401);
  await waitUntil(() => printedSpans([system.process]).length > 0, { what: "a span", timeoutMs: 10_000 });
  const [span, ...more] = printedSpans([system.process]);
  expect(span).toMatchObject({ name: "POST /check", attributes: { "http.response.status_code": 401 } });
  expect([span?.parentId, more]).toEqual([undefined, []]);
  await system.process.stop();
});

const { missing, reason } = programServices;

describe.skipIf(missing)(`roles in processes of their own, on MariaDB, RabbitMQ and redis-server${reason}`, () => {
  test("share the trace of a purchase", async () => {
    const services = await startProgramServices();
    const { configFile } = configFolder({ backend: { api_secret: testSecret, ...trusted }, ...services.config });
    // Makes the demo sale.
    await (await startProgram(configFile)).process.stop();
    const [gateway, ...others] = await Promise.all(
      ["gateway", "relay", "consumer"].map((role) => startProgram(configFile, { role, preload })),
    );
    await whenReady(gateway!);
    expectOnePurchase(await spansOfPurchase(gateway!, { others }), "caller");
    await Promise.all([gateway!, ...others].map(({ process }) => process.stop()));
    await services.stop();
  }, 90_000);
});
