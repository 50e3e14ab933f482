import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Redis } from "ioredis";
import { requireService, startRedisServer, waitUntil } from "../../../tools/test-services/index.ts";
import { testSecret } from "../fakes/test-gateway.ts";
import { buyerWithToken, TestBuyer } from "../fakes/test-buyer.ts";
import { runProgram, startProgram, type RunningProgram } from "./program.ts";
import { commands } from "./sale-commands.ts";

const timeoutMs = 90_000;
const hourMs = 3_600_000;
const iso = (inMs: number): string => new Date(Date.now() + inMs).toISOString();

function lamp(changes: Record<string, unknown> = {}): Record<string, unknown> {
  const product = { id: "lamp", name: "Desk lamp", price_minor: 1_900, currency: "EUR", units: 3, limit_per_user: 2 };
  return { ...product, ...changes };
}

function spring(changes: Record<string, unknown> = {}): Record<string, unknown> {
  const times = { starts_at: iso(-hourMs), ends_at: iso(hourMs) };
  return { id: "spring", title: "Spring sale", ...times, products: [lamp()], ...changes };
}

describe("the command sale, beside a system that is stopped", () => {
  test(
    "names field, value and limit of what is wrong, and ends with code 1",
    async () => {
      const { sale, write } = commands();
      const refusal = async (document: unknown): Promise<string> => {
        const ended = await sale("create", write(document));
        expect(ended.code).toBe(1);
        return ended.stderr;
      };
      expect(await refusal("{")).toContain("is not valid JSON");
      expect(await refusal('{\n  "id" 1')).toContain(
        ', line 2, column 8: the file is not valid JSON: ":" was expected',
      );
      expect(await refusal(spring({ starts_at: "tomorrow" }))).toContain(
        'starts_at is "tomorrow": must be a time with its offset',
      );
      expect(await refusal(spring({ ends_at: iso(-2 * hourMs) }))).toContain("must be later than startsAtMs");
      expect(await refusal(spring({ products: [lamp({ units: -1 })] }))).toContain(
        "products.0.units is -1: must be at least 0",
      );
      expect(await refusal(spring({ products: [lamp({ limit_per_user: 5_000 })] }))).toContain("must be at most 1000");
      expect(await refusal(spring({ products: [lamp(), lamp()] }))).toContain("the product lamp is given twice");
      expect(await refusal(spring({ colour: "red" }))).toContain("colour is not a known key");
      const missing = await sale("create", "/nowhere.json", "--json");
      expect([missing.code, JSON.parse(missing.stdout)]).toEqual([
        1,
        { error: "invalid_sale", message: "/nowhere.json cannot be read: ENOENT" },
      ]);
      const late = await sale("validate", write(spring({ ends_at: "9999-12-31T00:00:00Z" })));
      expect([late.code, late.stderr]).toEqual([1, expect.stringContaining("must not be after 2100-01-01")]);
      const stray = await sale("update", "spring", write({ id: "autumn", title: "Autumn" }));
      expect([stray.code, stray.stderr]).toEqual([1, expect.stringMatching(/autumn.*spring|spring.*autumn/)]);
      const valid = await sale("validate", write(spring()));
      expect([valid.code, valid.stdout]).toEqual([0, expect.stringContaining("sale spring with 1 products is valid")]);
      expect((await sale("list")).stdout).toBe("there are no sales\n");
    },
    timeoutMs,
  );

  test(
    "makes, shows and changes a sale, and logs each change",
    async () => {
      const { sale, done, write } = commands();
      expect(await done("create", write(spring()), "--draft", "--by", "Ada")).toMatchObject({
        state: "draft",
        version: 1,
      });
      expect((await sale("create", write(spring()))).stderr).toContain("sale spring exists, in version 1");
      await done("publish", "spring");
      await done("restock", "spring", "--product", "lamp", "--units", "4");
      expect(await done("show", "spring")).toMatchObject({ version: 3, products: [{ id: "lamp", units: 7 }] });
      const late = await sale("pause", "spring", "--expect-version", "2");
      expect([late.code, late.stderr]).toEqual([1, "sale spring: its version is 3, but 2 was expected\n"]);
      const more = { products: [{ id: "lamp", price_minor: 1_500 }, lamp({ id: "chair" })] };
      const updated = await done("update", "spring", write(more), "--expect-version", "3");
      expect(updated.products.map(({ id, price_minor }: never) => [id, price_minor])).toEqual([
        ["chair", 1_900],
        ["lamp", 1_500],
      ]);
      const { history } = await done("show", "spring", "--history");
      expect(history[0]).toMatchObject({ action: "update", productId: "lamp", before: { priceMinor: 1_900 } });
      expect(history.at(-1)).toMatchObject({ action: "create", actor: "Ada" });
      expect((await sale("show", "nothing")).stderr).toBe('there is no sale "nothing"\n');
      expect((await sale("restock", "spring", "--product", "lamp", "--units", "many")).stderr).toContain(
        "is not a whole number",
      );
      const ids = (await done("list")).map(({ id }: { id: string }) => id);
      expect(ids).toEqual(["spring"]);
    },
    timeoutMs,
  );
});

describe("what no sale can have", () => {
  test(
    "is refused by each command that could make it, with the value and the limit",
    async () => {
      const { sale, write, done } = commands();
      await done("create", write(spring()));
      const refusal = async (code: number, ...args: string[]): Promise<string> => {
        const ended = await sale(...args);
        expect([args[0], ended.code]).toEqual([args[0], code]);
        return ended.stderr;
      };
      const restock = ["restock", "spring", "--product", "lamp", "--units"];
      expect(await refusal(2, ...restock, "9007199254740991")).toContain(
        "9007199254740991 is not from -1000000000 to 1000000000",
      );
      expect(await refusal(1, ...restock, "1000000000")).toContain(
        "product lamp: units is 1000000003, but at most 1000000000 are possible",
      );
      const update = (product: object) =>
        refusal(1, "update", "spring", write({ products: [{ id: "lamp", ...product }] }));
      expect(await update({ units: 1_000_000_001 })).toContain("units is 1000000001: must be at most 1000000000");
      expect(await update({ price_minor: 1_000_000_000_001 })).toContain("must be at most 1000000000000");
      const limit = "but must not be after 2100-01-01T00:00:00.000Z";
      const extend = ["extend", "spring", "--ends-at", "9999-12-31T00:00:00Z"];
      expect(await refusal(1, ...extend)).toContain(`ends_at is 9999-12-31T00:00:00.000Z, ${limit}`);
      const late = spring({ id: "late", ends_at: "2100-01-01T00:00:01Z", products: [lamp({ id: "late-lamp" })] });
      expect(await refusal(1, "create", write(late))).toContain(limit);
      expect(await refusal(1, "create", write(spring({ products: [lamp({ units: 2_000_000_000 })] })))).toContain(
        "must be at most 1000000000",
      );
      // A limit per user above the units is no slip: there may be more units later.
      await done("update", "spring", write({ products: [{ id: "lamp", limit_per_user: 1_000 }] }));
      await done(...restock, "999999997");
      expect(await done("show", "spring")).toMatchObject({ products: [{ units: 1_000_000_000 }] });
    },
    timeoutMs,
  );
});

describe("a change with an id", () => {
  test(
    "is made once, and its id stands for no other change",
    async () => {
      const { sale, write, done } = commands();
      const file = write(spring());
      const create = ["create", file, "--change", "made"];
      await done(...create);
      const restock = ["restock", "spring", "--product", "lamp", "--change", "more-lamps", "--units"];
      await done(...restock, "4");
      await done("pause", "spring");
      expect(await done(...restock, "4")).toMatchObject({ version: 3, products: [{ units: 7 }] });
      expect(await done(...create)).toMatchObject({ version: 3 });
      const other = await sale(...restock, "5", "--json");
      expect([other.code, JSON.parse(other.stdout)]).toEqual([
        1,
        {
          error: "conflict",
          message: "the change more-lamps was made before, and was another one: this one needs its own id",
        },
      ]);
      const odd = await sale("pause", "spring", "--change", "a.b");
      expect([odd.code, odd.stderr]).toEqual([2, expect.stringContaining('"a.b" is not 1 to 40 letters')]);
    },
    timeoutMs,
  );
});

describe("the command sale, while its database is away", () => {
  test(
    "ends with code 3: nobody knows whether a change was made, so it is not called refused",
    async () => {
      using nobody = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
      const { port } = nobody;
      nobody.stop();
      const { sale, write, configFile } = commands({
        mysql: { host: "127.0.0.1", port },
        backend: { api_secret: testSecret },
      });
      const restock = ["restock", "spring", "--product", "lamp", "--units", "1"];
      const json = async (...args: string[]) => {
        const { code, stdout } = await runProgram([...args, "--config", configFile, "--json"]);
        return [args[0], code, JSON.parse(stdout) as object] as const;
      };
      const unknown = { error: "unknown_outcome", message: expect.any(String) };
      const others = [["verify"], ["repair"], ["dead-letters", "list"], ["refunds", "list"]];
      const changes = [["create", write(spring())], restock, ["cancel", "spring"]];
      const [told, list, ...ended] = await Promise.all([
        sale(...restock, "--change", "of-the-operator"),
        json("sale", "list"),
        ...others.map((args) => json(...args)),
        ...changes.map((args) => json("sale", ...args)),
      ]);
      // What changes nothing needs no id to be repeated.
      expect(list).toEqual(["sale", 3, unknown]);
      expect(ended.slice(0, others.length)).toEqual(others.map(([word]) => [word!, 3, unknown]));
      const change = expect.stringMatching(/^[\w-]{36}$/);
      expect(ended.slice(others.length)).toEqual(changes.map(() => ["sale", 3, { ...unknown, change }]));
      expect([told.code, told.stderr]).toEqual([
        3,
        expect.stringContaining("with --change of-the-operator makes it once"),
      ]);
      const mistyped = commands({ mysql: { hots: "127.0.0.1" } });
      expect((await mistyped.sale("list")).code).toBe(2);
    },
    timeoutMs,
  );
});

describe("the command sale, beside a running system with embedded parts", () => {
  const { configFile, write, sale, done } = commands({
    limits: { check_per_user: { rate_per_second: 0 }, api_per_user: { rate_per_second: 0 } },
  });
  let program: RunningProgram;
  let buyers = 0;

  beforeAll(async () => {
    program = await startProgram(configFile);
  }, timeoutMs);
  afterAll(() => program?.process.stop());

  const buy = async (product: string) => {
    const [buyer, token] = await buyerWithToken(program.url, `Buyer ${buyers++}`, product);
    const answer = await buyer.check(product, token);
    return { buyer, token, status: answer.status, error: answer.body.error, reservation: answer.body.reservation };
  };
  const untilOnSale = (product: string): Promise<void> =>
    waitUntil(
      async () => {
        const { body } = await new TestBuyer(program.url).send("GET", "/api/sales");
        const products = body.sales.flatMap(
          (one: { products: { id: string; available: number | null }[] }) => one.products,
        );
        return products.some(
          ({ id, available }: { id: string; available: number | null }) => id === product && available !== null,
        );
      },
      { what: `${product} to be on sale`, timeoutMs: 10_000 },
    );
  const statusOf = async ({ buyer, token, reservation }: Awaited<ReturnType<typeof buy>>) =>
    (await buyer.send("GET", `/api/reservations/${reservation}`, { bearer: token })).body;
  const untilStatus = (bought: Awaited<ReturnType<typeof buy>>, status: string): Promise<void> =>
    waitUntil(async () => (await statusOf(bought)).status === status, {
      what: `it to be ${status}`,
      timeoutMs: 15_000,
    });

  test(
    "a sale that is made is sold, and each change takes effect before its command ends",
    async () => {
      await done("create", write(spring()));
      await untilOnSale("lamp");
      const first = await buy("lamp");
      expect(first.status).toBe(202);

      await done("pause", "spring");
      expect(await buy("lamp")).toMatchObject({ status: 503, error: "sale_paused" });
      await done("resume", "spring");
      expect([(await buy("lamp")).status, (await buy("lamp")).status]).toEqual([202, 202]);
      expect(await buy("lamp")).toMatchObject({ status: 410, error: "sold_out" });
      await done("restock", "spring", "--product", "lamp", "--units", "3");
      expect((await buy("lamp")).status).toBe(202);

      await done("restock", "spring", "--product", "lamp", "--units", "-1");
      const refused = await sale("restock", "spring", "--product", "lamp", "--units", "-2");
      expect(refused.code).toBe(1);
      // Either the ledger has recorded all orders by now, or the gate knows better.
      expect(refused.stderr).toMatch(/units (is|cannot be) 3/);
      expect(await done("show", "spring")).toMatchObject({ products: [{ units: 5 }] });

      await untilStatus(first, "won");
      const price = { products: [{ id: "lamp", price_minor: 9 }] };
      await done("update", "spring", write(price));
      expect(await statusOf(first)).toMatchObject({
        priceMinor: 1_900,
        currency: "EUR",
        productName: "Desk lamp",
        quantity: 1,
      });
      await done("end", "spring");
      await waitUntil(
        async () => (await first.buyer.send("POST", "/api/token", { json: { productID: "lamp" } })).status === 410,
        {
          what: "the gateway to know the end",
          timeoutMs: 10_000,
        },
      );
      await done("extend", "spring", "--ends-at", iso(hourMs));
      await waitUntil(
        async () => (await first.buyer.send("POST", "/api/token", { json: { productID: "lamp" } })).status === 200,
        {
          what: "the gateway to know the later end",
          timeoutMs: 10_000,
        },
      );
      expect((await buy("lamp")).status).toBe(202);
    },
    timeoutMs,
  );

  test(
    "a product that is added to a running sale is sold and reaches the ledger",
    async () => {
      await done("create", write(spring({ id: "summer", products: [lamp({ id: "fan" })] })));
      await untilOnSale("fan");
      expect((await buy("fan")).status).toBe(202);
      await done("update", "summer", write({ products: [lamp({ id: "hat" })] }));
      await untilOnSale("hat");
      const bought = await buy("hat");
      expect(bought.status).toBe(202);
      await untilStatus(bought, "won");
    },
    timeoutMs,
  );

  test(
    "a cancelled sale releases its orders: unpaid ones are cancelled, paid ones are due for a refund",
    async () => {
      await done("create", write(spring({ id: "autumn", products: [lamp({ id: "coat" })] })));
      await untilOnSale("coat");
      const [paid, unpaid] = [await buy("coat"), await buy("coat")];
      await Promise.all([untilStatus(paid, "won"), untilStatus(unpaid, "won")]);
      await paid.buyer.send("POST", `/api/orders/${paid.reservation}/pay`);
      expect(await done("cancel", "autumn")).toMatchObject({ state: "cancelled" });
      expect(await statusOf(paid)).toMatchObject({
        status: "refund_due",
        paidAtMs: expect.any(Number),
        cancelledAtMs: expect.any(Number),
      });
      expect(await statusOf(unpaid)).toMatchObject({ status: "cancelled", cancelledAtMs: expect.any(Number) });
      await waitUntil(
        async () => {
          const again = await unpaid.buyer.send("POST", "/api/token", { json: { productID: "coat" } });
          return again.body.error === "sale_ended";
        },
        { what: "the gateway to know the cancellation", timeoutMs: 10_000 },
      );
      const report = await waitUntilVerified();
      expect(report).toContain("autumn");
    },
    timeoutMs,
  );

  async function waitUntilVerified(): Promise<string> {
    let report = "";
    await waitUntil(
      async () => {
        const ended = await runProgram(["verify", "--config", configFile]);
        report = ended.stdout;
        return ended.code === 0;
      },
      { what: "the verifier to be content", timeoutMs: 20_000 },
    );
    return report;
  }
});

describe("a ledger whose tables only an operator may change", () => {
  test(
    "is left as it is by sale and dead-letters, which say what to run",
    async () => {
      const { configFile, done } = commands({ mysql: { migrate: false } });
      for (const words of [
        ["sale", "list"],
        ["sale", "pause", "spring"],
        ["dead-letters", "list"],
      ]) {
        const ended = await runProgram([...words, "--config", configFile]);
        expect([words, ended.code, ended.stderr]).toEqual([
          words,
          expect.any(Number),
          expect.stringContaining('run "seckill migrate"'),
        ]);
        expect(ended.code).not.toBe(0);
      }
      expect((await runProgram(["migrate", "--config", configFile])).code).toBe(0);
      expect(await done("list")).toEqual([]);
      expect((await runProgram(["dead-letters", "list", "--config", configFile])).code).toBe(0);
    },
    timeoutMs,
  );
});

const redisServer = requireService("redis");

describe.skipIf(redisServer.missing)(
  `the command sale, beside a gate that has lost its data${redisServer.reason}`,
  () => {
    test(
      "ends with code 4 while the change is only recorded, and with --wait once the gate has it",
      async () => {
        const redis = await startRedisServer({});
        const { configFile, write, sale, done } = commands({
          redis: { url: redis.url },
          backend: { api_secret: testSecret },
        });
        const start = () => startProgram(configFile);
        const first = await start();
        await done("create", write(spring()));
        const client = new Redis(redis.url);
        const isArmed = async (): Promise<boolean> => (await client.dbsize()) > 0;
        await waitUntil(isArmed, { what: "the gate to be armed", timeoutMs: 10_000 });
        await first.process.stop();
        await client.flushall();

        const pause = await sale("pause", "spring");
        expect([pause.code, pause.stderr]).toEqual([
          4,
          expect.stringContaining("takes effect when the gate is open again"),
        ]);
        expect(await done("show", "spring")).toMatchObject({ paused: true });
        const end = await sale("extend", "spring", "--ends-at", iso(2 * hourMs), "--wait", "0", "--json");
        expect([end.code, JSON.parse(end.stdout).error]).toEqual([4, "gate_behind"]);

        const restock = ["restock", "spring", "--product", "lamp", "--units", "4", "--json"];
        const recorded = await sale(...restock);
        const { change } = JSON.parse(recorded.stdout);
        expect([recorded.code, change]).toEqual([4, expect.stringMatching(/^[\w-]{36}$/)]);
        const waiting = sale(...restock, "--change", change, "--wait", "60");
        const again = await start();
        const waited = await waiting;
        // Three before, and four that count once.
        expect([waited.code, JSON.parse(waited.stdout)]).toEqual([
          0,
          expect.objectContaining({ products: [expect.objectContaining({ units: 7 })] }),
        ]);
        expect(await sale("cancel", "spring", "--wait", "60")).toMatchObject({ code: 0 });
        client.disconnect();
        await again.process.stop();
        await redis.stop();
      },
      timeoutMs,
    );
  },
);
