import { expect, test } from "bun:test";
import { solveChallenge } from "altcha-lib";
import { deriveKey } from "altcha-lib/algorithms/scrypt";
import type { WorkChallenge } from "../../src/contract/work.ts";
import { TestBuyer } from "../fakes/test-buyer.ts";
import { freePort, waitUntil } from "../../../tools/test-services/index.ts";
import { startTestGateway, type TestGateway, testSecret } from "../fakes/test-gateway.ts";
import { RoomShop } from "../gateway/room-shop.ts";
import { untilRingOf } from "../gateways/gateway-processes.ts";

/** Attacks on accounts and rooms where the work grows with the risk. */
const accounts = { step_up: "on", step_up_level: 0, step_up_max_level: 2 };
const password = "correct horse battery";
const minuteMs = 60_000;

const packed = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64");

async function solved(challenge: WorkChallenge): Promise<string> {
  return packed({ challenge, solution: await solveChallenge({ challenge, deriveKey }) });
}

/** So that no test depends on how fast the machine is. */
const anyPace = { risk_fast_work: { free: 100_000 } };

/** A shop whose clock only a test puts forward. */
async function openShop(limits: Record<string, unknown> = {}) {
  const clock = { nowMs: Date.now() };
  const system = await startTestGateway({ accounts, limits: { ...anyPace, ...limits }, now: () => clock.nowMs });
  return { system, clock, [Symbol.asyncDispose]: () => system[Symbol.asyncDispose]() };
}

async function challengeFor({ url }: TestGateway, name: string, action = "login"): Promise<WorkChallenge | null> {
  const answer = await fetch(`${url}/api/work?action=${action}&name=${encodeURIComponent(name)}`);
  expect(answer.status).toBe(200);
  return (await answer.json()) as WorkChallenge | null;
}

async function logIn({ url }: TestGateway, json: { name: string; password: string; work?: string }): Promise<string> {
  const { status, body } = await new TestBuyer(url).send("POST", "/api/session", { json });
  return `${status} ${(body.error as string | undefined) ?? ""}`.trim();
}

async function guess(system: TestGateway, name: string, times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    const challenge = await challengeFor(system, name);
    const work = challenge === null ? {} : { work: await solved(challenge) };
    expect(await logIn(system, { name, password: `wrong ${time}`, ...work })).toBe("401 wrong_credentials");
  }
}

const costOf = (challenge: WorkChallenge | null): number => (challenge?.parameters.cost ?? 0) / 1024;

test("each guess at a name costs work after some wrong ones, more with each doubling up to the bound, and less again with time", async () => {
  const limits = { risk_name_failures: { free: 1, forgotten_per_second: 0.01 } };
  await using shop = await openShop(limits);
  const { system, clock } = shop;
  const costs: number[] = [];
  for (let number = 0; number < 10; number++) {
    costs.push(costOf(await challengeFor(system, "Ada")));
    await guess(system, "Ada", 1);
  }
  expect(costs).toEqual([0, 0, 8, 8, 16, 16, 16, 16, 32, 32]);
  const later: number[] = [];
  for (let time = 0; time < 9; time++) {
    later.push(costOf(await challengeFor(system, "Ada")));
    clock.nowMs += 2 * minuteMs;
  }
  expect(later).toEqual([32, 32, 32, 16, 16, 16, 8, 8, 0]);
}, 60_000);

test("work for a login is worth one try, of that name, at that height of the risk and for ten minutes", async () => {
  const limits = { risk_name_failures: { free: 0 }, risk_address_failures: { free: 1_000 } };
  await using shop = await openShop(limits);
  const { system, clock } = shop;
  await new TestBuyer(system.url).register("Ada", password);
  await guess(system, "Ada", 1);
  await guess(system, "Bob", 1);
  expect(await logIn(system, { name: "Ada", password })).toBe("403 work_required");
  const [saved, tooOld] = [
    await solved((await challengeFor(system, "Ada"))!),
    await solved((await challengeFor(system, "Ada"))!),
  ];

  const work = await solved((await challengeFor(system, "Ada"))!);
  expect(await logIn(system, { name: "Ada", password: "wrong password", work })).toBe("401 wrong_credentials");
  expect(await logIn(system, { name: "Ada", password, work })).toBe("403 work_invalid");

  const forAnother = await solved((await challengeFor(system, "Bob"))!);
  expect(await logIn(system, { name: "Ada", password, work: forAnother })).toBe("403 work_invalid");

  await guess(system, "Ada", 2);
  expect(await logIn(system, { name: "Ada", password, work: saved })).toBe("403 work_invalid");

  clock.nowMs += 11 * minuteMs;
  // By now the risk is as low as it was, so the age alone decides.
  expect(costOf(await challengeFor(system, "Ada"))).toBe(0);
  await guess(system, "Ada", 1);
  expect(await logIn(system, { name: "Ada", password, work: tooOld })).toBe("403 work_invalid");

  const good = await solved((await challengeFor(system, "Ada"))!);
  expect(await logIn(system, { name: "Ada", password, work: good })).toBe("200");
}, 60_000);

test("work for a registration opens no login, and work for a login registers nobody", async () => {
  await using system = await startTestGateway({
    accounts: { ...accounts, work: "on", work_level: 0 },
    limits: { ...anyPace, risk_name_failures: { free: 0 } },
  });
  await guess(system, "Ada", 1);
  const forRegistration = await solved((await challengeFor(system, "Ada", "register"))!);
  expect(await logIn(system, { name: "Ada", password, work: forRegistration })).toBe("403 work_invalid");
  const work = await solved((await challengeFor(system, "Ada"))!);
  const answer = await new TestBuyer(system.url).send("POST", "/api/users", { json: { name: "Ada", password, work } });
  expect([answer.status, answer.body.error]).toEqual([403, "work_invalid"]);
}, 60_000);

test("one password tried with many names of one address costs work as soon as one name alone would", async () => {
  const limits = { risk_address_failures: { free: 3 } };
  await using shop = await openShop(limits);
  for (let number = 0; number < 3; number++) await guess(shop.system, `User ${number}`, 1);
  expect(await challengeFor(shop.system, "User 9")).toBeNull();
  await guess(shop.system, "User 3", 1);
  expect(costOf(await challengeFor(shop.system, "User 9"))).toBe(8);
}, 60_000);

test("an answer tells what is to be computed, and not what raised the risk", async () => {
  const limits = { risk_name_failures: { free: 0 }, risk_address_failures: { free: 0 } };
  const answers: unknown[] = [];
  for (const reason of ["name", "address"] as const) {
    await using shop = await openShop({
      ...limits,
      [`risk_${reason === "name" ? "address" : "name"}_failures`]: { free: 1_000 },
    });
    const { system } = shop;
    await new TestBuyer(system.url).register("Ada", password);
    await guess(system, reason === "name" ? "Ada" : "Somebody", 1);
    const { status, body } = await new TestBuyer(system.url).send("POST", "/api/session", {
      json: { name: "Ada", password },
    });
    const { parameters } = (await challengeFor(system, "Ada"))!;
    const { nonce: _nonce, salt: _salt, expiresAt: _expiresAt, data, ...shape } = parameters;
    answers.push({ status, body, shape, data: Object.keys(data) });
  }
  expect(answers[0]).toEqual(answers[1]);
}, 60_000);

test("an address that uses many accounts computes something before each further entry to a room", async () => {
  const shop = await RoomShop.open({}, { accounts, limits: { ...anyPace, risk_address_accounts: { free: 2 } } });
  await using _closed = shop;
  const buyers: TestBuyer[] = [];
  for (let number = 0; number < 3; number++) {
    const buyer = new TestBuyer(shop.url);
    await buyer.register(`Buyer ${number}`, password);
    buyers.push(buyer);
  }
  await shop.goTo(shop.opensAtMs);
  const [first, second] = buyers as [TestBuyer, TestBuyer];
  const enter = async (buyer: TestBuyer, work?: string): Promise<string> => {
    const json = { saleID: shop.saleId, ...(work !== undefined && { work }) };
    const { status, body } = await buyer.send("POST", "/api/room", { json });
    return `${status} ${(body.error as string | undefined) ?? ""}`.trim();
  };
  expect(await enter(first)).toBe("403 work_required");
  const { body } = await first.send("GET", `/api/room/work?saleID=${shop.saleId}`);
  const work = await solved(body as WorkChallenge);
  expect(await enter(second, work)).toBe("403 work_invalid");
  expect(await enter(first, work)).toBe("200");
  // There is nothing left to enter: the place is answered, whatever the risk.
  expect(await enter(first)).toBe("200");
  expect((await first.send("GET", `/api/room/work?saleID=${shop.saleId}`)).body).toBeNull();
  expect(await enter(second)).toBe("403 work_required");
}, 60_000);

test("who comes to a ballot after its closing is told so, and computes nothing", async () => {
  const shop = await RoomShop.open(
    { mode: "ballot", admitPer1000Seconds: 0, winners: 2 },
    { accounts, limits: { ...anyPace, risk_address_accounts: { free: 0 } } },
  );
  await using _closed = shop;
  const [early, late] = [await shop.buyer("Ada"), await shop.buyer("Bob")];
  await shop.goTo(shop.opensAtMs);
  const challenge = (buyer: TestBuyer) => buyer.send("GET", `/api/room/work?saleID=${shop.saleId}`);
  const json = { saleID: shop.saleId, work: await solved((await challenge(early)).body as WorkChallenge) };
  const before = await early.send("POST", "/api/room", { json });
  expect(before.status).toBe(200);
  expect((await shop.enter(late)).body.error).toBe("work_required");
  await shop.goTo(shop.startsAtMs);
  expect([(await challenge(late)).body, (await challenge(early)).body]).toEqual([null, null]);
  const refused = await shop.enter(late);
  expect([refused.status, refused.body.error]).toEqual([410, "room_closed"]);
  const again = await shop.enter(early);
  expect([again.status, again.body.number, again.body.receipt]).toEqual([200, before.body.number, before.body.receipt]);
}, 60_000);

test("accounts of one address that enter at one moment pay as those do that come one after the other", async () => {
  const free = 2;
  const backend = { trusted_proxies: ["127.0.0.1"] };
  await using shop = await RoomShop.open(
    {},
    { accounts, backend, limits: { ...anyPace, risk_address_accounts: { free } } },
  );
  await shop.goTo(shop.opensAtMs);
  // Each account is used from an address of its own before.
  const from = (number: number) => ({ "x-forwarded-for": `192.0.2.${number}` });
  const buyers = await Promise.all(
    Array.from({ length: 20 }, async (_, number) => {
      const buyer = new TestBuyer(shop.url);
      const json = { name: `Buyer ${number}`, password };
      expect((await buyer.send("POST", "/api/users", { json, headers: from(number) })).status).toBe(201);
      return buyer;
    }),
  );
  // The ledger answers when all of them have come as far as they come.
  const { rooms } = shop.shop.ledger;
  const enter = rooms.enter.bind(rooms);
  const answers = Promise.withResolvers<void>();
  let asked = 0;
  rooms.enter = async (request) => {
    asked++;
    await answers.promise;
    return enter(request);
  };
  const refused: unknown[] = [];
  const json = { saleID: shop.saleId };
  const entries = buyers.map(async (buyer) => {
    const { status, body } = await buyer.send("POST", "/api/room", { json, headers: from(100) });
    if (status !== 200) refused.push(body.error);
  });
  const all = { what: "all to be refused or to wait for the ledger", timeoutMs: 10_000 };
  await waitUntil(() => asked + refused.length === buyers.length, all);
  answers.resolve();
  await Promise.all(entries);
  expect(asked).toBeLessThanOrEqual(free);
  expect(new Set(refused)).toEqual(new Set(["work_required"]));
}, 60_000);

test("work that is only claimed at an entry to a room uses up the tries of the address, as at a login", async () => {
  // One for the registration, and nine for each claim.
  const login_per_address = { rate_per_second: 0.0001, burst: 19 };
  const limits = { ...anyPace, risk_address_accounts: { free: 0 }, login_per_address };
  await using shop = await RoomShop.open({}, { accounts, limits });
  await shop.goTo(shop.opensAtMs);
  const buyer = await shop.buyer("Mallory");
  const { body } = await buyer.send("GET", `/api/room/work?saleID=${shop.saleId}`);
  const challenge = body as WorkChallenge;
  const errors: unknown[] = [];
  for (let counter = 0; counter < 6; counter++) {
    // Each hash looks right, and is that of no counter.
    const work = packed({
      challenge,
      solution: { counter, derivedKey: challenge.parameters.keyPrefix.padEnd(64, "a") },
    });
    const answer = await buyer.send("POST", "/api/room", { json: { saleID: shop.saleId, work } });
    errors.push(answer.body.error);
  }
  const limited = Array.from({ length: 4 }, () => "address_limited");
  expect(errors).toEqual(["work_invalid", "work_invalid", ...limited]);
}, 60_000);

test("work that is done faster than a browser does it raises the risk", async () => {
  const limits = {
    risk_name_failures: { free: 0 },
    risk_address_failures: { free: 1_000 },
    risk_fast_work: { free: 0 },
  };
  const nowMs = Date.now();
  // A clock that stands still: all work takes no time.
  await using system = await startTestGateway({ accounts, limits, now: () => nowMs });
  await guess(system, "Ada", 1);
  expect(await challengeFor(system, "Bob")).toBeNull();
  await guess(system, "Ada", 1);
  expect(costOf(await challengeFor(system, "Bob"))).toBe(8);
}, 60_000);

test("without the setting nothing is counted and nothing has to be computed", async () => {
  await using system = await startTestGateway({ limits: { risk_name_failures: { free: 0 } } });
  await guess(system, "Ada", 5);
  expect(await challengeFor(system, "Ada")).toBeNull();
});

test("another gateway of the ring knows the risk, and which work was used", async () => {
  const names = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const limits = { ...anyPace, risk_name_failures: { free: 1 }, risk_address_failures: { free: 1_000 } };
  const start = (self: string) =>
    startTestGateway({
      accounts,
      limits,
      backend: { api_secret: testSecret },
      gateways: { self, nodes: names, ask_timeout_ms: 5_000, down_after_ms: 1_500 },
    });
  await using first = await start(names[0]!);
  await using second = await start(names[1]!);
  await untilRingOf(2, [first.operationsUrl, second.operationsUrl]);
  // Some names are of one gateway, some of the other.
  for (let number = 0; number < 6; number++) {
    const name = `User ${number}`;
    await guess(first, name, 1);
    await guess(second, name, 1);
    expect([name, costOf(await challengeFor(first, name)), costOf(await challengeFor(second, name))]).toEqual([
      name,
      8,
      8,
    ]);
    const work = await solved((await challengeFor(first, name))!);
    expect(await logIn(first, { name, password, work })).toBe("401 wrong_credentials");
    expect(await logIn(second, { name, password, work })).toBe("403 work_invalid");
  }
}, 60_000);
