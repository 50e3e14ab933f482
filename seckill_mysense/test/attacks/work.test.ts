import { expect, test } from "bun:test";
import { solveChallenge } from "altcha-lib";
import { deriveKey } from "altcha-lib/algorithms/scrypt";
import { WorkChallenges } from "../../src/authorization/work-challenges.ts";
import type { WorkChallenge } from "../../src/contract/work.ts";
import { TestBuyer } from "../fakes/test-buyer.ts";
import { startTestGateway, type TestGateway } from "../fakes/test-gateway.ts";

/** Attacks by somebody who registers thousands, where each registration costs work. */
const withWork = { accounts: { work: "on", work_level: 0 } };
const password = "correct horse battery";

async function challengeFor(system: TestGateway, name: string): Promise<WorkChallenge> {
  const answer = await new TestBuyer(system.url).send("GET", `/api/work?name=${encodeURIComponent(name)}`);
  expect(answer.status).toBe(200);
  return answer.body as WorkChallenge;
}

const packed = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64");

async function solved(challenge: WorkChallenge): Promise<string> {
  return packed({ challenge, solution: await solveChallenge({ challenge, deriveKey }) });
}

async function register(system: TestGateway, name: string, work?: string): Promise<string> {
  const json = { name, password, ...(work !== undefined && { work }) };
  const { status, body } = await new TestBuyer(system.url).send("POST", "/api/users", { json });
  return `${status} ${(body.error as string | undefined) ?? ""}`.trim();
}

test("work that is missing, not done, or done for something else registers nobody", async () => {
  let nowMs = Date.now();
  await using system = await startTestGateway({ ...withWork, now: () => nowMs });
  const foreign = new WorkChallenges(["another-secret-0123456789-abcdefghijklmnop"], { index: 0 }, () => nowMs);
  const challenge = await challengeFor(system, "Ada");
  const work = await solved(challenge);
  const { solution } = JSON.parse(Buffer.from(work, "base64").toString()) as { solution: { counter: number } };
  const easier = { ...challenge, parameters: { ...challenge.parameters, keyPrefix: "" } };
  const claimed = { counter: solution.counter + 1, derivedKey: "0".repeat(64) };

  expect(await register(system, "Ada")).toBe("403 work_required");
  const invalid = [
    "",
    "not base64 of JSON",
    packed(challenge),
    packed({ challenge, solution: null }),
    packed({ challenge, solution: claimed }),
    packed({ challenge, solution: { ...solution, counter: -1 } }),
    packed({ challenge: easier, solution }),
    packed({ challenge: { ...challenge, signature: "00" }, solution }),
    await solved(await challengeFor(system, "Bob")),
    await solved(await foreign.create(challenge.parameters.data, 0)),
  ];
  for (const text of invalid) expect([text, await register(system, "Ada", text)]).toEqual([text, "403 work_invalid"]);
  nowMs += 61 * 60_000;
  expect(await register(system, "Ada", work)).toBe("403 work_invalid");
  nowMs -= 61 * 60_000;
  expect(await register(system, "Ada", work)).toBe("201");
  // The name is taken, so the same work is worth nothing.
  expect(await register(system, "ADA", work)).toBe("409 name_taken");
}, 60_000);

test("each doubling of the registrations from an address doubles the work, and saved work is too little then", async () => {
  await using system = await startTestGateway(withWork);
  const saved = await solved(await challengeFor(system, "Saved"));
  const costs: number[] = [];
  for (let number = 0; number < 13; number++) {
    const challenge = await challengeFor(system, `Bot ${number}`);
    costs.push(challenge.parameters.cost / 1024);
    expect(await register(system, `Bot ${number}`, await solved(challenge))).toBe("201");
  }
  expect(costs).toEqual([8, 8, 8, 8, 16, 16, 16, 16, 16, 16, 16, 16, 32]);
  expect(await register(system, "Saved", saved)).toBe("403 work_invalid");
}, 60_000);

test("work that is handed in again raises nobody's level: only registrations count", async () => {
  await using system = await startTestGateway(withWork);
  const work = await solved(await challengeFor(system, "Mallory"));
  expect(await register(system, "Mallory", work)).toBe("201");
  for (let number = 0; number < 12; number++) expect(await register(system, "mallory", work)).toBe("409 name_taken");
  expect((await challengeFor(system, "Neighbour")).parameters.cost).toBe(8 * 1024);
}, 60_000);

test("claiming work that was not done uses up the tries of the address: finding it out costs the shop more than a login", async () => {
  const limits = { login_per_address: { rate_per_second: 0.001, burst: 20 } };
  await using system = await startTestGateway({ ...withWork, limits });
  const challenge = await challengeFor(system, "Mallory");
  const claim = packed({ challenge, solution: { counter: 1, derivedKey: "0".repeat(64) } });
  const answers: string[] = [];
  for (let number = 0; number < 4; number++) answers.push(await register(system, "Mallory", claim));
  expect(answers).toEqual([...Array<string>(3).fill("403 work_invalid"), "429 address_limited"]);
}, 60_000);

test("a claim whose hash lacks the digits is found out without a try, and costs its address no more than a request", async () => {
  const limits = { login_per_address: { rate_per_second: 0.001, burst: 20 } };
  await using system = await startTestGateway({ ...withWork, limits });
  const challenge = await challengeFor(system, "Mallory");
  const claim = packed({ challenge, solution: { counter: 1, derivedKey: "f".repeat(64) } });
  for (let number = 0; number < 19; number++) expect(await register(system, "Mallory", claim)).toBe("403 work_invalid");
  expect(await register(system, "Mallory", claim)).toBe("429 address_limited");
}, 60_000);

test("a name in any script registers with the work that a browser packs: it knows base64 of bytes alone", async () => {
  await using system = await startTestGateway(withWork);
  for (const name of ["Zoë", "Ольга", "李小龍", "Ada"]) {
    const challenge = await challengeFor(system, name);
    const work = btoa(JSON.stringify({ challenge, solution: await solveChallenge({ challenge, deriveKey }) }));
    expect([name, await register(system, name, work)]).toEqual([name, "201"]);
  }
}, 60_000);

test("without the setting there is nothing to compute", async () => {
  await using system = await startTestGateway({});
  const answer = await fetch(`${system.url}/api/work?name=Ada`);
  expect(await answer.json()).toBeNull();
  expect(await register(system, "Ada")).toBe("201");
});
