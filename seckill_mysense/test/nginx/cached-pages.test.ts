import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  freePort,
  requireService,
  startNginx,
  temporaryFolder,
  type Service,
} from "../../../tools/test-services/index.ts";
import { buyerWithToken } from "../fakes/test-buyer.ts";
import { startTestGateway, type TestGateway } from "../fakes/test-gateway.ts";
import { writeConfiguration } from "./nginx-configuration.ts";

const nginx = requireService("nginx");
const timeoutMs = 60_000;
const browserHeaders = { accept: "text/html,application/xhtml+xml,*/*;q=0.8", "accept-encoding": "gzip, br" };

describe.skipIf(nginx.missing)(`pages behind nginx${nginx.reason}`, () => {
  let system: TestGateway;
  let service: Service;

  beforeAll(async () => {
    system = await startTestGateway();
    const folder = temporaryFolder("nginx");
    const port = await freePort();
    const gatewayPort = Number(new URL(system.url).port);
    writeConfiguration(folder, port, [gatewayPort, gatewayPort, gatewayPort]);
    service = await startNginx({ folder, port });
  });
  afterAll(async () => {
    await service.stop();
  });

  /** How many requests of an endpoint the gateway has answered. */
  const reached = async (endpoint: string): Promise<number> => {
    const lines = (await system.gateway.metricsText()).split("\n").filter((line) => line.includes(`"${endpoint} `));
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
  };

  test(
    "200 open pages reach the gateway about once a second, and see what changes",
    async () => {
      const endMs = performance.now() + 8_000;
      const startedMs = performance.now();
      let answers = 0;
      let newest = 0;
      const seen = new Set<number>();
      const pollAsAPage = async (index: number): Promise<void> => {
        let tag = "";
        await Bun.sleep(index * 10);
        while (performance.now() < endMs) {
          const answer = await fetch(`${service.url}/api/sales/spring/live`, {
            headers: { "accept-encoding": index % 2 === 0 ? "gzip, deflate, br, zstd" : "gzip", "if-none-match": tag },
          });
          expect([200, 304]).toContain(answer.status);
          answers++;
          tag = answer.headers.get("etag")!;
          newest = Math.max(newest, Number(answer.headers.get("x-server-time-ms")));
          if (answer.status === 200) {
            const { available } = (await answer.json()) as { available: { headphones: number } };
            seen.add(available.headphones);
          }
          await Bun.sleep(2_000);
        }
      };
      const change = async (): Promise<void> => {
        await Bun.sleep(3_000);
        system.gate.stocks.get("headphones")!.available = 1;
      };
      await Promise.all([change(), ...Array.from({ length: 200 }, (_, index) => pollAsAPage(index))]);
      const elapsedSeconds = (performance.now() - startedMs) / 1000;
      expect(answers).toBeGreaterThanOrEqual(400);
      expect([...seen]).toEqual([2, 1]);
      const count = await reached("GET /api/sales/:id/live");
      expect(count).toBeGreaterThanOrEqual(3);
      expect(count).toBeLessThanOrEqual(elapsedSeconds + 2);
      expect(Date.now() - newest).toBeLessThan(6_000);
    },
    timeoutMs,
  );

  test("nothing that belongs to a user is kept, and a purchase goes through", async () => {
    const [buyer, token] = await buyerWithToken(service.url, "Ada", "headphones");
    const [other] = await buyerWithToken(service.url, "Bob", "headphones");
    const nameOf = async (one: typeof buyer) => (await one.send("GET", "/api/session", {})).body?.name;
    for (let index = 0; index < 3; index++) {
      expect([await nameOf(buyer), await nameOf(other)]).toEqual(["Ada", "Bob"]);
    }
    // A browser that opens /check gets the page, also while its user has a token.
    const page = await buyer.send("GET", "/check?productID=headphones", { headers: browserHeaders });
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(page.headers.get("set-cookie")).toBeNull();
    const bought = await buyer.check("headphones", token);
    expect(bought.status).toBe(202);
    expect((await buyer.check("headphones", token)).body.reservation).toBe(bought.body.reservation);
  });

  test("what never changes is served while no gateway answers, however browsers write their headers", async () => {
    const open = (path: string, headers: Record<string, string> = {}) =>
      fetch(service.url + path, { headers: { ...browserHeaders, ...headers } });
    const html = await (await open("/check?productID=headphones")).text();
    const { version } = (await (await open("/api/sales/spring/live")).json()) as { version: string };
    const files = [...html.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, path]) => path!);
    const paths = [...files, `/api/sales/spring/description?version=${version}`];
    for (const path of paths) expect((await open(path)).status).toBe(200);
    await system[Symbol.asyncDispose]();
    for (const [index, path] of [...paths, ...paths].entries()) {
      const answer = await open(path, { "accept-encoding": `gzip;q=0.${index + 1}, br`, cookie: `a=${index}` });
      expect([path, answer.status]).toEqual([path, 200]);
      const etag = answer.headers.get("etag")!;
      expect((await open(path, { "if-none-match": `"x", ${etag}` })).status).toBe(304);
    }
    expect((await open("/api/session")).status).toBe(502);
  });
});
