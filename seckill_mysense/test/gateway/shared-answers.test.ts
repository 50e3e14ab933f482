import { describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { gunzipSync } from "node:zlib";
import { forASecond } from "../../src/gateway/shared-answer.ts";
import { type TestGateway, startTestGateway } from "../fakes/test-gateway.ts";

const paths = ["/api/sales", "/api/sales/spring", "/api/sales/spring/live", "/api/sales/spring/description"];

/** The answer as it comes over the wire: `fetch` unpacks it. */
function exchange({ url }: TestGateway, head: string): Promise<{ head: string; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    const { port, hostname } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port) }, () =>
      socket.write(`${head}\r\nHost: x\r\nConnection: close\r\n\r\n`),
    );
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", reject);
    socket.on("close", () => {
      const bytes = Buffer.concat(chunks);
      const end = bytes.indexOf("\r\n\r\n");
      resolve({ head: bytes.toString("latin1", 0, end).toLowerCase(), body: bytes.subarray(end + 4) });
    });
  });
}

const lengthOf = (head: string): number => Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1] ?? Number.NaN);
const withoutDate = (head: string): string => head.replace(/\r\n(date|x-server-time-ms):.*/g, "");

/** A sale of 301 products. */
async function startLargeSale(): Promise<TestGateway> {
  const system = await startTestGateway();
  const nowMs = Date.now();
  const sale = { id: "large", title: "Large", startsAtMs: nowMs - 1_000, endsAtMs: nowMs + 60_000 };
  const products = Array.from({ length: 301 }, (_, index) => ({
    ...{ id: `product-${index}`, saleId: "large", name: `Product ${index}`, priceMinor: 100 + index, currency: "EUR" },
    ...{ total: 500 + index, limitPerUser: 2, epoch: 1 },
  }));
  await system.ledger.sales.create(sale, products);
  for (const product of products) await system.gate.arm(sale, product, product.total);
  await system.gateway.catalogue.refresh();
  await system.gateway.catalogue.refresh();
  return system;
}

describe("what every open page asks for", () => {
  test.each(paths)("%s: a client that has it is told so, however it says which it has", async (path) => {
    await using system = await startTestGateway();
    const first = await fetch(system.url + path);
    const tag = first.headers.get("etag")!;
    for (const condition of [tag, tag.replace("W/", ""), `"other", ${tag}`, "*"]) {
      const again = await fetch(system.url + path, { headers: { "if-none-match": condition } });
      expect([condition, again.status, await again.text()]).toEqual([condition, 304, ""]);
      for (const name of ["etag", "cache-control", "vary"])
        expect(again.headers.get(name)).toBe(first.headers.get(name));
    }
    const other = await fetch(system.url + path, { headers: { "if-none-match": '"other"' } });
    expect(other.status).toBe(200);
  });

  test.each([...paths, "/", "/draw", "/healthz", "/api/session", "/openapi.json"])(
    "HEAD %s has the head of GET, with the length of what GET sends",
    async (path) => {
      await using system = await startTestGateway();
      for (const coding of ["", "\r\nAccept-Encoding: gzip"]) {
        const get = await exchange(system, `GET ${path} HTTP/1.1${coding}`);
        const head = await exchange(system, `HEAD ${path} HTTP/1.1${coding}`);
        expect(withoutDate(head.head)).toBe(withoutDate(get.head));
        expect([lengthOf(head.head), head.body.length]).toEqual([get.body.length, 0]);
      }
    },
  );

  test("is the same for everybody, and kept by caches: no session is looked at", async () => {
    await using system = await startTestGateway({ limits: { api_per_user: { rate_per_second: 0.001, burst: 1 } } });
    const registered = await fetch(`${system.url}/api/users`, {
      ...{ method: "POST", headers: { "content-type": "application/json" } },
      body: JSON.stringify({ name: "Ada", password: "correct horse battery" }),
    });
    const [cookie] = registered.headers.getSetCookie()[0]!.split(";");
    for (const path of [...paths, ...paths]) {
      const answer = await fetch(system.url + path, { headers: { cookie: cookie! } });
      expect([path, answer.status, answer.headers.get("set-cookie")]).toEqual([path, 200, null]);
      expect(answer.headers.get("cache-control")).toBe(forASecond);
      expect(await answer.text()).toBe(await (await fetch(system.url + path)).text());
    }
    const own = await fetch(`${system.url}/api/session`, { headers: { cookie: cookie! } });
    expect(own.headers.get("cache-control")).toBe("private, no-store");
  });

  test("is short and compressed: 301 products change in less than 2 KB, and are described in less than 8 KB", async () => {
    await using system = await startLargeSale();
    const ask = (path: string) => exchange(system, `GET ${path} HTTP/1.1\r\nAccept-Encoding: br, gzip`);
    const live = await ask("/api/sales/large/live");
    expect(live.head).toContain("content-encoding: gzip");
    const { available } = JSON.parse(gunzipSync(live.body).toString());
    expect(Object.keys(available)).toHaveLength(301);
    expect(available["product-300"]).toBe(800);
    expect(live.body.length).toBeLessThan(2_048);
    const described = await ask("/api/sales/large/description");
    expect(JSON.parse(gunzipSync(described.body).toString()).sale.products).toHaveLength(301);
    expect(described.body.length).toBeLessThan(8_192);
    expect((await exchange(system, "GET /api/sales/large/live HTTP/1.1")).head).not.toContain("content-encoding");
  });

  /** What the tests read of a description or a live part. */
  interface Part {
    readonly version: string;
    readonly available?: Readonly<Record<string, number>>;
  }

  test("a changing stock changes the live part alone", async () => {
    await using system = await startTestGateway();
    const read = async (part: string) => (await fetch(`${system.url}/api/sales/spring/${part}`)).json();
    const tagOf = async (part: string) => (await fetch(`${system.url}/api/sales/spring/${part}`)).headers.get("etag");
    const [live, described] = [await read("live"), await read("description")] as [Part, Part];
    expect(live).toEqual({
      ...{ serverTimeMs: expect.any(Number), version: described.version, paused: false },
      available: { headphones: 2, speaker: 2 },
    });
    const tags = [await tagOf("live"), await tagOf("description")];
    system.gate.stocks.get("headphones")!.available--;
    await system.gateway.catalogue.refresh();
    expect(((await read("live")) as Part).available).toEqual({ headphones: 1, speaker: 2 });
    expect(await tagOf("live")).not.toBe(tags[0]!);
    expect(await tagOf("description")).toBe(tags[1]!);
  });

  test("a description stays in caches for ever under its version, and under no other", async () => {
    await using system = await startTestGateway();
    const ask = (version: string) => fetch(`${system.url}/api/sales/spring/description?version=${version}`);
    const { version } = (await (await fetch(`${system.url}/api/sales/spring/live`)).json()) as { version: string };
    expect((await ask(version)).headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect((await ask("other")).headers.get("cache-control")).toBe(forASecond);
    await system.ledger.changes.change("spring", { kind: "pause", productId: "speaker" }, { actor: "test" });
    await system.gateway.catalogue.refresh();
    const live = (await (await fetch(`${system.url}/api/sales/spring/live`)).json()) as object;
    expect(live).toMatchObject({ version, pausedProducts: ["speaker"] });
    const endsAtMs = Date.now() + 9_000_000;
    await system.ledger.changes.change("spring", { kind: "extend", endsAtMs }, { actor: "test" });
    await system.gateway.catalogue.refresh();
    const late = await ask(version);
    expect(late.headers.get("cache-control")).toBe(forASecond);
    expect(((await late.json()) as { sale: { endsAtMs: number } }).sale.endsAtMs).toBe(endsAtMs);
  });

  test("between two refreshes of the catalogue all clients get the same bytes", async () => {
    let nowMs = Date.now();
    await using system = await startTestGateway({ now: () => nowMs });
    const read = async () => (await fetch(`${system.url}/api/sales/spring/live`)).text();
    const first = await read();
    nowMs += 700;
    expect(await read()).toBe(first);
    nowMs += 700;
    await system.gateway.catalogue.refresh();
    expect(await read()).not.toBe(first);
  });

  test("of a sale that there is not, nothing is kept", async () => {
    await using system = await startTestGateway();
    for (const part of ["", "/live", "/description"]) {
      const answer = await fetch(`${system.url}/api/sales/none${part}`);
      expect([answer.status, answer.headers.get("cache-control")]).toEqual([404, "private, no-store"]);
    }
  });
});
