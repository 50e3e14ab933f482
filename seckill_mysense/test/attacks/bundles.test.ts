import { afterAll, beforeAll, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { TestBuyer } from "../fakes/test-buyer.ts";
import { type AttackedShop, startAttackedShop } from "./attacked-shop.ts";

/** Attacks with bundles. Afterwards the ledger holds only legal orders, and the gate all other units. */
let shop: AttackedShop;
const both = ["headphones", "speaker"] as const;

beforeAll(async () => {
  const noLimit = { rate_per_second: 0, burst: 1 };
  const limits = {
    check_per_user: noLimit,
    check_per_address: noLimit,
    api_per_user: noLimit,
    login_per_address: noLimit,
  };
  shop = await startAttackedShop({ limits });
}, 60_000);
afterAll(async () => {
  await shop.expectOnlyLegalOrders();
  await shop[Symbol.asyncDispose]();
}, 60_000);

interface Answer {
  readonly status: number;
  readonly error?: string;
  readonly reservation?: string;
}

async function send(path: string, token: string, method = "POST"): Promise<Answer> {
  const response = await fetch(shop.url + path, { method, headers: { authorization: `Bearer ${token}` } });
  return { ...((await response.json()) as object), status: response.status };
}

function payloadOf(token: string): unknown[] {
  return JSON.parse(Buffer.from(token.split(".")[2]!, "base64url").toString());
}

/** A logged-in user of the shop, who is not among the legal buyers. */
async function mallory(name: string): Promise<TestBuyer> {
  const buyer = new TestBuyer(shop.url);
  expect((await buyer.register(name)).status).toBe(201);
  return buyer;
}

async function unitsLeft(): Promise<(number | null)[]> {
  const { sales } = (await (await fetch(`${shop.url}/api/sales`)).json()) as {
    sales: { products: { id: string; available: number | null }[] }[];
  };
  const products = sales.flatMap((sale) => sale.products);
  return both.map((id) => products.find((product) => product.id === id)!.available);
}

/** A legal buyer takes a bundle, and the ledger has it. */
async function legalBundle(userId: string): Promise<{ token: string; id: string }> {
  const token = shop.bundleToken(shop.allow(userId, ...both));
  const { status, reservation: id } = await send("/check", token);
  expect(status).toBe(202);
  await waitUntil(
    async () => ((await send(`/api/reservations/${id}`, token, "GET")) as { status: unknown }).status === 200,
    {
      what: "the bundle to be there",
      timeoutMs: 10_000,
    },
  );
  return { token, id: id! };
}

test("a token whose parts were changed is refused", async () => {
  const [version, key, , mac] = shop.bundleToken("mallory").split(".");
  const changes: ((parts: [string, number][]) => unknown)[] = [
    (parts) => parts.map(([id]) => [id, 100]),
    (parts) => parts.slice(0, 1),
    (parts) => [...parts, ...parts],
    (parts) => parts.toReversed(),
    (parts) => parts.map(([, quantity]) => ["tent", quantity]),
    () => [],
    () => "headphones",
    () => undefined,
  ];
  for (const change of changes) {
    const payload = payloadOf(shop.bundleToken("mallory"));
    payload[1] = change(payload[1] as [string, number][]);
    const changed = Buffer.from(JSON.stringify(payload)).toString("base64url");
    const refused = await send("/check", [version, key, changed, mac].join("."));
    expect([refused.status, refused.error]).toEqual([401, "token_forged"]);
  }
  await shop.legalBuyer();
});

test("the token of a bundle is good for no single product, and that of a product for no bundle", async () => {
  const bundle = shop.bundleToken("mallory");
  for (const path of ["/check?productID=headphones", "/check?productID=speaker&quantity=2", "/check?quantity=1"]) {
    const refused = await send(path, bundle);
    expect([refused.status, refused.error]).toEqual([403, "token_wrong_product"]);
  }
  const single = await send("/check", shop.token("mallory"));
  expect([single.status, single.error]).toEqual([400, "missing_product"]);
});

test("the id of a part is no reservation: nothing reads, pays or cancels it", async () => {
  const { token, id } = await legalBundle("parts-owner");
  const eve = await mallory("part-picker");
  for (const part of [`${id}.1.2`, `${id}.2.2`, `${id}.3.3`, `${id}.1.8`]) {
    const read = await send(`/api/reservations/${part}`, token, "GET");
    expect([read.status, read.error]).toEqual([400, "invalid_request"]);
    for (const path of [`/api/orders/${part}/pay`, `/api/orders/${part}/cancel`]) {
      const refused = await eve.send("POST", path);
      expect([refused.status, refused.body.error]).toEqual([400, "invalid_request"]);
    }
  }
});

test("a bundle of another user is not read, paid or cancelled", async () => {
  const { id } = await legalBundle("bundle-owner");
  const eve = await mallory("bundle-thief");
  const own = await eve.bundleToken(...both);
  const answers = [
    await eve.send("GET", `/api/reservations/${id}`),
    await eve.send("GET", `/api/reservations/${id}`, { bearer: own }),
    await eve.send("GET", `/api/reservations/${id}/events`),
    await eve.send("POST", `/api/orders/${id}/pay`),
    await eve.send("POST", `/api/orders/${id}/cancel`),
  ];
  for (const { status, body } of answers) {
    // The ledger has it by now, or will have it in a moment.
    expect([
      [403, "not_owner"],
      [404, "reservation_not_found"],
      [404, "order_not_found"],
    ]).toContainEqual([status, body.error]);
  }
});

test("a bundle that somebody made up does not exist, and asking for it leaves no trace", async () => {
  const eve = await mallory("inventor");
  const own = await eve.bundleToken(...both);
  for (const id of ["bundle-AAAAAAAAAAAAAAAA", "bundle-", "bundle", "bundle-x", `bundle-${"x".repeat(57)}`]) {
    for (const bearer of [undefined, own]) {
      const read = await eve.send("GET", `/api/reservations/${id}`, bearer === undefined ? {} : { bearer });
      expect([read.status, ["not_owner", "reservation_not_found"].includes(read.body.error)]).toEqual([
        read.body.error === "not_owner" ? 403 : 404,
        true,
      ]);
    }
    for (const action of ["pay", "cancel"]) {
      expect((await eve.send("POST", `/api/orders/${id}/${action}`)).body.error).toBe("order_not_found");
    }
  }
});

test("a token for a bundle that is replayed a thousand times takes one unit of each product", async () => {
  // A gateway tells what it last knew of the gate: until then the figures may be from before the tests above.
  await Bun.sleep(2_000);
  const before = await unitsLeft();
  const token = shop.bundleToken(shop.allow("eager-bundle", ...both));
  const statuses = new Map<number, number>();
  await Promise.all(
    Array.from({ length: 50 }, async () => {
      for (let i = 0; i < 20; i++) {
        const { status } = await send("/check", token);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    }),
  );
  expect([...statuses.keys()].sort()).toEqual([200, 202]);
  const taken = before.map((units) => units! - 1);
  await waitUntil(async () => Bun.deepEquals(await unitsLeft(), taken), { what: "one unit less", timeoutMs: 10_000 });
}, 60_000);

test("who asks for bundles that cannot be had, again and again, keeps no unit of them", async () => {
  // The speakers run out.
  for (let units = (await unitsLeft())[1]!; units > 0; units--) {
    const userId = shop.allow(`speaker-${units}`, "speaker");
    expect((await send("/check?productID=speaker", shop.token(userId, { productId: "speaker" }))).status).toBe(202);
  }
  const [before] = await unitsLeft();
  const tokens = Array.from({ length: 20 }, (_unused, index) => shop.bundleToken(`greedy-${index}`));
  for (let round = 0; round < 5; round++) {
    const answers = await Promise.all(tokens.map((token) => send("/check", token)));
    for (const { status, error } of answers) {
      expect([status, ["sold_out", "bundle_broken"]]).toEqual([410, expect.arrayContaining([error!])]);
    }
  }
  // Some of them did take headphones.
  const givenUp = /seckill_bundles_given_up_total\{outcome="given_up"\} (\d+)/.exec(await shop.metrics());
  expect(Number(givenUp?.[1])).toBeGreaterThan(0);
  // The unit of this buyer shows that the gate was looked at after all that.
  await shop.legalBuyer();
  await waitUntil(async () => (await unitsLeft())[0] === before! - 1, {
    what: "the other headphones to be on sale again",
    timeoutMs: 20_000,
  });
}, 60_000);

test("a list of products without end is refused before it is looked at", async () => {
  const eve = await mallory("lister");
  const products = Array.from({ length: 500 }, () => ({ productID: "headphones" }));
  const refused = await eve.send("POST", "/api/token", { json: { products } });
  expect([refused.status, refused.body.error]).toEqual([400, "invalid_request"]);
  const longer = await eve.send("POST", "/api/token", { json: { products: [...products, ...products] } });
  expect([longer.status, longer.body.error]).toEqual([413, "body_too_large"]);
});
