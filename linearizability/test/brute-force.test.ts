import { expect, test } from "bun:test";
import { propertySeed } from "../../tools/property-seed.ts";
import { SeededRandom } from "../../tools/seeded-random.ts";
import { check, type Operation } from "../index.ts";
import { isLinearizable } from "./brute-force.ts";
import { anyHistory, linearizableHistory, mutated, type Subject } from "./random-history.ts";
import { anyCounter, anyList, casRegister, strangeRegister, uniqueRegister } from "./subjects.ts";

const histories = 4_000;
const maxOperations = 7;

const subjects: Record<string, (random: SeededRandom) => Subject<never>> = {
  "a register with compare-and-set": () => casRegister as unknown as Subject<never>,
  "a register with unique values": () => uniqueRegister() as unknown as Subject<never>,
  "a register with strange values": (random) => strangeRegister(random) as unknown as Subject<never>,
  "a counter": () => anyCounter as unknown as Subject<never>,
  "a list": () => anyList() as unknown as Subject<never>,
};

/** Half of them linearizable but for one change, the others by chance; some with two keys. */
function someHistory(subject: Subject<never>, random: SeededRandom): Operation[] {
  const operations = random.between(1, maxOperations);
  const shape = { operations, processes: random.between(1, 4), keys: random.oneIn(4) ? 2 : 1, lost: 0.3 };
  if (random.oneIn(2)) return anyHistory(subject, random, shape);
  return mutated(subject, random, linearizableHistory(subject, random, shape));
}

for (const [name, make] of Object.entries(subjects)) {
  test(`the checker decides about ${name} as every permutation does, and its counter-examples are violations`, () => {
    const random = new SeededRandom(propertySeed());
    const found = { ok: 0, violation: 0, unknown: 0 };
    for (let count = 0; count < histories; count++) {
      const subject = make(random);
      const history = someHistory(subject, random);
      const result = check(history, { model: subject.model });
      found[result.verdict]++;
      const expected = isLinearizable(history, subject.plain) ? "ok" : "violation";
      if (result.verdict !== expected) expect(`${result.verdict} for ${JSON.stringify(history)}`).toBe(expected);
      if (result.verdict === "violation") expectMinimal(history, result.counterExample.core, subject);
    }
    expect(found.unknown).toBe(0);
    expect(Math.min(found.ok, found.violation)).toBeGreaterThan(histories / 10);
  });
}

/** The core alone excludes every order, whatever the others did, and each of its outcomes is needed. */
function expectMinimal(history: readonly Operation[], core: readonly Operation[], { plain }: Subject<never>): void {
  const isViolation = (known: readonly Operation[]): boolean =>
    !isLinearizable(
      history.map((operation) => (known.includes(operation) ? operation : forget(operation))),
      plain,
    );
  expect(isViolation(core)).toBe(true);
  for (const operation of core) expect(isViolation(core.filter((other) => other !== operation))).toBe(false);
}

const forget = (operation: Operation): Operation =>
  operation.outcome === "returned"
    ? { ...operation, outcome: "unknown", output: null, returnedAt: Number.POSITIVE_INFINITY }
    : operation;
