import { describe, expect, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { freePort, requireService, startRedisServer, waitUntil } from "../../../tools/test-services/index.ts";
import { demoProductId } from "../../src/roles/demo-sale.ts";
import { toldTo, verifiedAtRest } from "../faults/sale-on-services.ts";
import { buyerWithToken, type TestBuyer } from "../fakes/test-buyer.ts";
import { configFolder, externalGate, type RunningProgram, runProgram, startProgram } from "./program.ts";

/** Waits until the reservation is no longer pending, and returns its status. */
async function settled(buyer: TestBuyer, reservation: string): Promise<string> {
  let status = "pending";
  const path = `/api/reservations/${reservation}?productID=${demoProductId}`;
  await waitUntil(
    async () => {
      const answer = await buyer.send("GET", path);
      // An answer without a status is a failure. It is returned whole, so that the assertion shows it.
      status = answer.body.status ?? `${answer.status} ${JSON.stringify(answer.body)}`;
      return status !== "pending" && answer.status !== 429;
    },
    { what: `reservation ${reservation} to be decided`, timeoutMs: 20_000 },
  );
  return status;
}

/** Asks again for as long as the buyer is told to: after a crash the gate is compared with the ledger first. */
async function untilAnswered(buyer: TestBuyer, token: string): Promise<Awaited<ReturnType<TestBuyer["check"]>>> {
  let answer = await buyer.check(demoProductId, token);
  for (let tries = 0; answer.status === 503 && tries < 100; tries++) {
    await Bun.sleep(100);
    answer = await buyer.check(demoProductId, token);
  }
  return answer;
}

/** Waits until the gate takes reservations. */
async function whenOpen({ url }: RunningProgram): Promise<void> {
  const isReady = async (): Promise<boolean> => (await fetch(`${url}/readyz`)).status === 200;
  await waitUntil(isReady, { what: "the system to be ready", timeoutMs: 20_000 });
}

/** Lets one buyer register, get a token and ask /check. */
async function buy(
  url: string,
  name: string,
): Promise<{ buyer: TestBuyer; token: string; status: number; id: string }> {
  const [buyer, token] = await buyerWithToken(url, name, demoProductId);
  const answer = await buyer.check(demoProductId, token);
  return { buyer, token, status: answer.status, id: answer.body.reservation };
}

interface TestedGate {
  /** Settings that select this gate. */
  readonly parts: Record<string, object>;
  stop(): Promise<void>;
}

const redis = requireService("redis");

async function startExternalGate(): Promise<TestedGate> {
  const server = await startRedisServer({ args: ["--appendonly", "yes", "--appendfsync", "always"] });
  return { parts: externalGate(server.url), stop: () => server.stop() };
}

describe("the whole system with the embedded MyRedis", () => {
  testSystem(async () => ({ parts: {}, stop: async () => {} }));
});

describe("the whole system with embedded MyRedis nodes that form a ring", () => {
  testSystem(async () => ({
    parts: { redis: { embedded_nodes: 3, embedded_port: await freePort(3) } },
    stop: async () => {},
  }));
});

describe.skipIf(redis.missing)(`the whole system with redis-server${redis.reason}`, () => {
  testSystem(startExternalGate);
});

function testSystem(startGate: () => Promise<TestedGate>): void {
  test("a buyer registers, gets a token, is accepted, wins, and pays; the units are sold once", async () => {
    const gate = await startGate();
    const { configFile } = configFolder(gate.parts);
    const program = await startProgram(configFile);
    await whenOpen(program);
    const buyers = await Promise.all(["Ada", "Bob", "Cleo", "Dan", "Eve"].map((name) => buy(program.url, name)));
    expect(buyers.map(({ status }) => status).sort()).toEqual([202, 202, 202, 410, 410]);
    const winners = buyers.filter(({ status }) => status === 202);
    for (const { buyer, id, token } of winners) {
      expect(await settled(buyer, id)).toBe("won");
      expect((await buyer.check(demoProductId, token)).body).toEqual({ reservation: id, status: "held" });
    }
    const [first, second] = winners as [(typeof winners)[0], (typeof winners)[0]];
    expect((await first.buyer.send("POST", `/api/orders/${first.id}/pay`)).body.status).toBe("paid");

    // A returned unit can be sold again.
    expect((await second.buyer.send("POST", `/api/orders/${second.id}/cancel`)).body.status).toBe("cancelled");
    const loser = buyers.find(({ status }) => status === 410)!;
    let status = 0;
    await waitUntil(
      async () => {
        ({ status } = await loser.buyer.check(demoProductId, loser.token));
        return status === 202;
      },
      { what: "the unit to come back", timeoutMs: 20_000, intervalMs: 250 },
    );
    await waitUntil(async () => (await runProgram(["verify", "--config", configFile])).stdout.includes("sold 1"), {
      what: "the verifier to see the paid order",
      timeoutMs: 20_000,
    });
    await program.process.stop();
    expect(program.process.exit).toEqual({ code: 0, signal: null });
    const report = await runProgram(["verify", "--at-rest", "--config", configFile]);
    expect(report.stdout).toContain("sale demo: no invariant is violated");
    expect(report.code).toBe(0);
    await gate.stop();
  }, 60_000);

  test("killed in mid-sale and started again it keeps every promise, and sells no unit twice", async () => {
    const gate = await startGate();
    const { configFile } = configFolder({ ...gate.parts, sale: { demo_units: 40 } });
    let program = await startProgram(configFile);
    await whenOpen(program);
    const names = Array.from({ length: 24 }, (_unused, index) => `Buyer ${index}`);
    const buyers = await Promise.all(names.map((name) => buyerWithToken(program.url, name, demoProductId)));
    const port = Number(new URL(program.url).port);

    // Half of the answers are awaited; the process is killed while the others are on their way.
    const first = await Promise.all(buyers.slice(0, 12).map(([buyer, token]) => buyer.check(demoProductId, token)));
    const second = buyers.slice(12).map(([buyer, token]) => buyer.check(demoProductId, token).catch(() => undefined));
    await program.process.kill("SIGKILL");
    await Promise.all(second);

    const { backend } = JSON.parse(readFileSync(configFile, "utf8"));
    const again = configFolder({ ...gate.parts, sale: { demo_units: 40 }, backend: { ...backend, api_port: port } });
    await Bun.write(
      again.configFile,
      JSON.stringify({ ...JSON.parse(readFileSync(again.configFile, "utf8")), data_dir: join(configFile, "../data") }),
    );
    program = await startProgram(again.configFile);
    await whenOpen(program);
    for (const [index, answer] of first.entries()) {
      expect(answer.status).toBe(202);
      expect(await settled(buyers[index]![0], answer.body.reservation)).toBe("won");
    }
    const repeated = await Promise.all(buyers.map((buyer) => untilAnswered(...buyer)));
    const asked = repeated.map(({ status, body }, index) => ({
      bearer: buyers[index]![1],
      status,
      id: body.reservation,
    }));
    for (const [index, answer] of repeated.entries()) {
      expect([200, 202]).toContain(answer.status);
      if (index < 12) expect(answer.body.reservation).toBe(first[index]!.body.reservation);
      expect(await settled(buyers[index]![0], answer.body.reservation)).toBe("won");
    }
    // Entries that the killed relay had not acknowledged are published again, although every buyer has an answer.
    const told = await toldTo(program, asked);
    await verifiedAtRest(again.configFile, told);
    await program.process.stop();
    const report = await verifiedAtRest(again.configFile, told);
    expect(report).toContain("sale demo: no invariant is violated");
    expect(report).toContain("reserved 24, sold 0");
    await gate.stop();
  }, 60_000);
}

describe("starting and stopping", () => {
  test("the secret is kept beside the data, for its owner alone, and stands in no log", async () => {
    const { folder, configFile } = configFolder();
    const program = await startProgram(configFile);
    const file = join(folder, "data/api-secret");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, "data")).mode & 0o777).toBe(0o700);
    const secret = readFileSync(file, "utf8").trim();
    const [buyer, token] = await buyerWithToken(program.url, "Ada", demoProductId);
    await buyer.check(demoProductId, token);
    await program.process.stop();
    const output = program.process.stdout() + program.process.stderr();
    for (const hidden of [secret, token, "correct horse battery"]) expect(output).not.toContain(hidden);
  });

  test("a restart makes no second demo sale, and tokens and sessions outlive it", async () => {
    const { configFile } = configFolder();
    const program = await startProgram(configFile);
    const [buyer, token] = await buyerWithToken(program.url, "Ada", demoProductId);
    const cookie = (
      await buyer.send("POST", "/api/session", { json: { name: "Ada", password: "correct horse battery" } })
    ).headers.get("set-cookie")!;
    await program.process.stop();
    const again = await startProgram(configFile);
    await whenOpen(again);
    expect(again.process.stdout()).not.toContain("a demo sale was made");
    const headers = { cookie: cookie.split(";")[0]! };
    expect(await (await fetch(`${again.url}/api/session`, { headers })).json()).toMatchObject({ name: "Ada" });
    const check = await fetch(`${again.url}/check?productID=${demoProductId}&token=${token}`);
    expect(check.status).toBe(202);
    await again.process.stop();
  });

  test("it stops within its time though a buyer listens for events and another says nothing", async () => {
    const { configFile } = configFolder();
    const program = await startProgram(configFile);
    await whenOpen(program);
    const { id, token } = await buy(program.url, "Ada");
    const events = await fetch(`${program.url}/api/reservations/${id}/events?token=${token}`);
    expect(events.status).toBe(200);
    const idle = await Bun.connect({
      hostname: "127.0.0.1",
      port: Number(new URL(program.url).port),
      socket: { data() {} },
    });
    idle.write("POST /api/users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{");
    expect((await program.process.stop()).code).toBe(0);
    idle.end();
  });
});
