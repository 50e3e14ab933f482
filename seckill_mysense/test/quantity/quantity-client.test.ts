import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram, startProcess, temporaryFolder } from "../../../tools/test-services/index.ts";
import {
  type Fetch,
  type FetchedAnswer,
  type FetchInit,
  LimitedError,
  QuantityClient,
  QuantityError,
  RefusedError,
  SoldOutError,
  UnavailableError,
  UnknownOutcomeError,
} from "../../client/index.ts";
import { GateOutcomeUnknown } from "../../src/gate/gate-errors.ts";
import { shopKey, startTestQuantity } from "../fakes/test-quantity.ts";

const headphones = { productId: "headphones", requestId: "order-1", userId: "ada" };
const clientFolder = join(import.meta.dir, "../../client");

/** The error of a call that must fail. */
async function errorOf(call: Promise<unknown>): Promise<QuantityError> {
  const outcome = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(outcome instanceof QuantityError)) throw new Error(`no QuantityError: ${String(outcome)}`);
  return outcome;
}

/** The service's `fetch`, which first fails in these ways: the request is carried out, and its answer lost. */
function losingAnswers(times: number): Fetch & { calls: number } {
  const lose = async (url: string, init: FetchInit): Promise<FetchedAnswer> => {
    lose.calls++;
    const response = await fetch(url, init as RequestInit);
    if (lose.calls <= times) throw new Error("the connection was reset");
    return response;
  };
  lose.calls = 0;
  return lose;
}

describe("the client of the quantity service", () => {
  test("does all that the service does", async () => {
    await using system = await startTestQuantity();
    const client = system.client();
    const made = await client.reserve(headphones);
    expect(made).toMatchObject({ ...headphones, quantity: 1, status: "pending" });
    await system.recordAll();
    expect(await client.reservation("order-1")).toMatchObject({ ...made, status: "reserved" });
    expect((await client.confirm("order-1")).status).toBe("confirmed");
    await client.reserve({ productId: "speaker", requestId: "order-2" });
    await system.recordAll();
    expect((await client.release("order-2")).status).toBe("released");
    await system.stock.catalogue.refresh();
    expect(await client.remaining("headphones")).toMatchObject({
      productId: "headphones",
      saleId: "spring",
      remaining: 1,
    });
    expect((await client.remaining(["headphones", "speaker"])).map(({ productId }) => productId)).toEqual([
      ...["headphones", "speaker"],
    ]);
    expect(await client.remaining([])).toEqual([]);
  });

  test("has an error for each kind of failure", async () => {
    await using system = await startTestQuantity({ limits: { sold_out_hint_ms: 0 } });
    const client = system.client();
    await client.reserve(headphones);
    const conflict = await errorOf(client.reserve({ ...headphones, userId: "bob" }));
    expect([conflict.constructor, conflict.code, conflict.status]).toEqual([RefusedError, "request_conflict", 409]);
    const limited = await errorOf(client.reserve({ ...headphones, requestId: "order-2" }));
    expect([limited.constructor, limited.code]).toEqual([LimitedError, "user_limit"]);
    await client.reserve({ ...headphones, requestId: "order-3", userId: "bob" });
    expect(await errorOf(client.reserve({ ...headphones, requestId: "order-4", userId: "eve" }))).toBeInstanceOf(
      SoldOutError,
    );
    expect((await errorOf(client.reservation("order-5"))).code).toBe("reservation_not_found");
    const wrong = await errorOf(system.client({ key: "x".repeat(40) }).reservation("order-1"));
    expect([wrong.constructor, wrong.code]).toEqual([RefusedError, "program_key_wrong"]);
    expect((await errorOf(client.reserve({ ...headphones, requestId: "a b" }))).message).toContain("requestID");
  });

  test("repeats a call whose answer was lost, and takes one unit", async () => {
    await using system = await startTestQuantity();
    const fetch = losingAnswers(2);
    const made = await system.client({ fetch }).reserve(headphones);
    expect([made.status, fetch.calls]).toEqual(["pending", 3]);
    expect(system.gate.accepted).toHaveLength(1);
  });

  test("says that the outcome is unknown when every answer was lost, and finds the reservation later", async () => {
    await using system = await startTestQuantity();
    const fetch = losingAnswers(100);
    const error = await errorOf(system.client({ fetch, maxTries: 3 }).reserve(headphones));
    expect([error.constructor, fetch.calls, error.code]).toEqual([UnknownOutcomeError, 3, "no_answer"]);
    expect(system.gate.accepted).toHaveLength(1);
    expect((await system.client().reserve(headphones)).status).toBe("pending");
    expect(system.gate.accepted).toHaveLength(1);
  });

  test("an unknown outcome stays unknown, though the last try did nothing", async () => {
    await using system = await startTestQuantity();
    const unknown = async () => Promise.reject(new GateOutcomeUnknown("no answer"));
    // One request asks the gate three times.
    system.gate.scripted.push(unknown, unknown, unknown);
    for (let time = 0; time < 2; time++) system.gate.scripted.push(async () => ({ kind: "closed" }));
    const error = await errorOf(system.client({ maxTries: 2 }).reserve(headphones));
    expect([error.constructor, error.code]).toEqual([UnknownOutcomeError, "gate_closed"]);
    const closed = await errorOf(system.client({ maxTries: 1 }).reserve(headphones));
    expect([closed.constructor, closed.code, closed.retryAfterSeconds]).toEqual([UnavailableError, "gate_closed", 1]);
  });

  test("ends with the reason of the caller's signal, and with a timeout of its own when nobody answers", async () => {
    const silent = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Promise<Response>(() => undefined) });
    const url = `http://127.0.0.1:${silent.port}`;
    const client = new QuantityClient({ url, key: shopKey, timeoutMs: 30, maxTries: 2, firstPauseMs: 1 });
    const late = await errorOf(client.reserve(headphones));
    expect([late.constructor, late.message]).toEqual([
      UnknownOutcomeError,
      "unknown after 2 tries, the last one: no answer within 30 milliseconds",
    ]);
    const stopping = new AbortController();
    const patient = new QuantityClient({ url, key: shopKey, timeoutMs: 60_000 });
    const call = patient.reserve(headphones, { signal: stopping.signal });
    stopping.abort(new Error("the buyer left"));
    expect(call).rejects.toThrow("the buyer left");
    await call.catch(() => undefined);
    await silent.stop(true);
  });

  test("a server that is no quantity service is an unknown outcome, and a wrong option an error at once", async () => {
    const fetch = async () => new Response("<html>", { status: 200 });
    const client = new QuantityClient({ url: "http://127.0.0.1:1", key: shopKey, fetch, maxTries: 1 });
    expect((await errorOf(client.confirm("order-1"))).message).toContain("not one of the quantity service");
    const make = (options: object) => () => new QuantityClient({ url: "http://a", key: shopKey, ...options });
    expect(make({ url: "ftp://a" })).toThrow('url is "ftp://a": it must begin with http:// or https://');
    expect(make({ key: "short" })).toThrow("key must have at least 32 characters");
    expect(make({ maxTries: 0 })).toThrow("maxTries is 0: it must be a whole number from 1 to 100");
  });

  const runtimes = [process.execPath, findProgram("node")].filter((runtime) => runtime !== undefined);

  test.each(runtimes)("the example of its documentation runs, on %s", async (runtime) => {
    await using system = await startTestQuantity({ recordWaitMs: 10_000 });
    const example = /```ts\n([^`]*)```/.exec(readFileSync(join(clientFolder, "quantity-client.ts"), "utf8"))![1]!;
    const folder = temporaryFolder("quantity-client");
    const built = await Bun.build({ entrypoints: [join(clientFolder, "index.ts")], target: "node", outdir: folder });
    expect(built.success).toBe(true);
    const settings = `const url = ${JSON.stringify(system.url)}, key = ${JSON.stringify(shopKey)};\n`;
    const text = example.replaceAll(/^ +\* ?/gm, "").replace("seckill-quantity-client", "./index.js");
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    writeFileSync(join(folder, "example.js"), settings + text);
    const recording = setInterval(() => void system.recordAll(), 20);
    const started = await startProcess({ cmd: [runtime, join(folder, "example.js")] });
    const { code } = await started.exited;
    clearInterval(recording);
    expect([code, started.stdout(), started.stderr()]).toEqual([0, "confirmed\n", ""]);
  });
});
