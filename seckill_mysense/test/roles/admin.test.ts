import { describe, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { buyerWithToken } from "../fakes/test-buyer.ts";
import { configFolder, runProgram, startProgram } from "./program.ts";

const timeoutMs = 60_000;
const secret = "merchants-0123456789-abcdefghijklmnopqrstuvwxyz";

describe("the web server for merchants", () => {
  test(
    "makes and changes sales for those who have the secret, on a port of its own",
    async () => {
      const { configFile } = configFolder({ sale: { demo: false }, admin: { port: 0, secret } });
      const { process, url } = await startProgram(configFile);
      const port = /"adminPort":(\d+)/.exec(process.stdout())![1];
      const ask = async (method: string, path: string, body?: unknown, bearer = secret) => {
        const headers = { "content-type": "application/json", authorization: `Bearer ${bearer}` };
        const sent = body === undefined ? {} : { body: JSON.stringify(body) };
        const answer = await fetch(`http://127.0.0.1:${port}/api/admin/sales${path}`, { method, headers, ...sent });
        // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of every form
        return { status: answer.status, body: (await answer.json()) as any };
      };
      const product = { id: "lamp", name: "Lamp", price_minor: 1, currency: "EUR", units: 2, limit_per_user: 1 };
      const [starts_at, ends_at] = [-3_600_000, 3_600_000].map((ms) => new Date(Date.now() + ms).toISOString());
      const spring = { id: "spring", title: "Spring", starts_at, ends_at, products: [product] };

      expect(await ask("POST", "", spring, "x".repeat(40))).toMatchObject({
        status: 401,
        body: { error: "internal_secret_wrong" },
      });
      expect((await fetch(`${url}/api/admin/sales`, { headers: { authorization: `Bearer ${secret}` } })).status).toBe(
        404,
      );
      expect(await ask("POST", "", { ...spring, products: [] })).toMatchObject({
        status: 400,
        body: { error: "invalid_request" },
      });
      for (const odd of [{ starts_at: "1969-12-31T00:00:00Z" }, { title: "half a pair \ud800" }]) {
        expect(await ask("POST", "", { ...spring, ...odd })).toMatchObject({
          status: 400,
          body: { error: "invalid_request", message: expect.stringContaining("sale spring") },
        });
      }
      // A repeated request with the id of the change finds its own sale, and one without is told of a conflict.
      for (const _time of ["first", "again"]) {
        expect(await ask("POST", "?by=Ada&change=make", spring)).toMatchObject({
          status: 201,
          body: { id: "spring", version: 1 },
        });
      }
      expect(await ask("POST", "?change=make", { ...spring, id: "other" })).toMatchObject({
        status: 409,
        body: { message: expect.stringContaining("the change make was made before") },
      });
      expect(await ask("POST", "", spring)).toMatchObject({ status: 409, body: { error: "sale_conflict" } });
      const onSale = async (): Promise<boolean> => {
        const listed = (await (await fetch(`${url}/api/sales`)).json()) as {
          sales: { products: { available: number }[] }[];
        };
        return listed.sales[0]?.products[0]?.available === 2;
      };
      await waitUntil(onSale, { what: "the sale to be armed", timeoutMs: 10_000 });
      // A misspelt guard must not be left out, nor a pause of one product be one of the sale.
      const misspelt: [string, unknown?][] = [
        ["/spring/restock?expectedVersion=1", { product: "lamp", units: 1 }],
        ["/spring/pause?produkt=lamp"],
        ["/spring/pause", { product: "lamp" }],
        ["/spring/cancel", { reason: "none" }],
        ["/spring/cancel", 42],
        ["/spring/pause", []],
        ["/spring/update", { id: "autumn", title: "Autumn" }],
      ];
      for (const [path, body] of misspelt) {
        expect(await ask("POST", path, body)).toMatchObject({ status: 400, body: { error: "invalid_request" } });
      }
      expect(await ask("POST", "/spring/pause?expected_version=1", {})).toMatchObject({
        status: 200,
        body: { paused: true, version: 2 },
      });
      const [buyer, token] = await buyerWithToken(url, "Ada", "lamp");
      expect((await buyer.check("lamp", token)).body.error).toBe("sale_paused");
      expect(await ask("POST", "/spring/resume?expected_version=1")).toMatchObject({ status: 409 });
      await ask("POST", "/spring/resume");
      expect((await buyer.check("lamp", token)).status).toBe(202);
      expect(await ask("POST", "/spring/restock", { product: "lamp", units: -2 })).toMatchObject({
        status: expect.any(Number),
        body: { message: expect.stringMatching(/units (is|cannot be) 0/) },
      });
      expect(await ask("POST", "/spring/restock", { product: "lamp", units: 3 })).toMatchObject({
        body: { products: [{ units: 5 }] },
      });
      // The same request again adds nothing, and its id stands for no other change.
      for (const _time of ["first", "again"]) {
        expect(await ask("POST", "/spring/restock?change=one-more", { product: "lamp", units: 1 })).toMatchObject({
          body: { products: [{ units: 6 }] },
        });
      }
      expect(await ask("POST", "/spring/restock?change=one-more", { product: "lamp", units: 2 })).toMatchObject({
        status: 409,
        body: { error: "sale_conflict" },
      });
      const tooMany = await ask("POST", "/spring/restock", { product: "lamp", units: 2 ** 53 - 1 });
      expect([tooMany.status, tooMany.body.message]).toEqual([
        400,
        expect.stringContaining("units is 9007199254740991: must be at most 1000000000"),
      ]);
      expect(await ask("POST", "/spring/extend", { ends_at: "9999-12-31T00:00:00Z" })).toMatchObject({
        status: 400,
        body: { message: expect.stringContaining("must not be after 2100-01-01") },
      });
      expect(await ask("POST", "/spring/update", { title: "Late spring" })).toMatchObject({
        body: { title: "Late spring" },
      });
      expect(await ask("POST", "/spring/extend", { ends_at: "soon" })).toMatchObject({ status: 400 });
      expect(await ask("POST", "/spring/cancel")).toMatchObject({ body: { state: "cancelled" } });
      expect(await ask("POST", "/spring/publish")).toMatchObject({
        status: 400,
        body: { message: expect.stringContaining("cancelled") },
      });
      expect(await ask("POST", "/nothing/end")).toMatchObject({ status: 404, body: { error: "sale_not_found" } });
      const { body } = await ask("GET", "/spring/changes");
      expect(body.changes.at(-1)).toMatchObject({ action: "create", actor: "Ada" });
      expect((await ask("GET", "/spring")).body.id).toBe("spring");
      expect((await ask("GET", "")).body.sales).toHaveLength(1);
      expect((await process.stop()).code).toBe(0);
    },
    timeoutMs,
  );

  test("does not start as a role of its own without a secret", async () => {
    const { configFile } = configFolder({ redis: { url: "redis://127.0.0.1:9" }, backend: { api_secret: secret } });
    const ended = await runProgram(["admin", "--config", configFile]);
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining("admin.secret is empty")]);
  });

  test(
    "shows and changes waiting rooms, and says who did",
    async () => {
      const { configFile } = configFolder({ sale: { demo: false }, admin: { port: 0, secret } });
      const { process } = await startProgram(configFile);
      const port = /"adminPort":(\d+)/.exec(process.stdout())![1];
      const ask = async (method: string, path: string, body?: unknown, bearer = secret) => {
        const headers = { "content-type": "application/json", authorization: `Bearer ${bearer}` };
        const sent = body === undefined ? {} : { body: JSON.stringify(body) };
        const answer = await fetch(`http://127.0.0.1:${port}/api/admin/sales${path}`, { method, headers, ...sent });
        return { status: answer.status, body: await answer.json() };
      };
      const [opens_at, starts_at, ends_at] = [60_000, 120_000, 3_600_000].map((ms) =>
        new Date(Date.now() + ms).toISOString(),
      );
      const product = { id: "lamp", name: "Lamp", price_minor: 1, currency: "EUR", units: 2, limit_per_user: 1 };
      const room = { mode: "draw", opens_at, admit_per_second: 5, use_within_seconds: 60 };
      const spring = { id: "spring", title: "Spring", starts_at, ends_at, room, products: [product] };
      expect(await ask("POST", "", spring)).toMatchObject({ status: 201, body: { room: { closes_at: starts_at } } });
      const shown = { sale: "spring", phase: "before", on_hold: false, admit_per_second: 5 };
      expect(await ask("GET", "/spring/room")).toMatchObject({ status: 200, body: shown });
      expect(await ask("GET", "/spring/room", undefined, "x".repeat(40))).toMatchObject({ status: 401 });
      expect(await ask("GET", "/other/room")).toMatchObject({ status: 404, body: { error: "room_not_found" } });
      expect(await ask("POST", "/spring/room/hold?by=Ada")).toMatchObject({ status: 200, body: { on_hold: true } });
      expect(await ask("POST", "/spring/room/open")).toMatchObject({ status: 200, body: { on_hold: false } });
      const rate = await ask("POST", "/spring/room/rate", { per_second: 0.5 });
      expect(rate).toMatchObject({ status: 200, body: { admit_per_second: 0.5 } });
      const early = await ask("POST", "/spring/room/value", { kind: "none" });
      expect(early).toMatchObject({
        status: 400,
        body: { message: expect.stringContaining("not closed and announced") },
      });
      for (const bad of [{ per_second: 0 }, { per_second: "5" }, { per_second: 1, burst: 2 }, {}]) {
        expect(await ask("POST", "/spring/room/rate", bad)).toMatchObject({ status: 400 });
      }
      const { body } = await ask("GET", "/spring/changes");
      const held = (body as { changes: { action: string; actor: string }[] }).changes.find(
        ({ action }) => action === "room hold",
      );
      expect(held?.actor).toBe("Ada");
      await process.stop();
    },
    timeoutMs,
  );
});
