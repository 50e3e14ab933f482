import { expect, test } from "bun:test";
import fc from "fast-check";
import { CheckList, type CheckPhase, checkOrder } from "../../src/dispatch/checks/check-list.ts";
import { Refusal } from "../../src/dispatch/outcome.ts";
import { Arguments } from "../../src/protocol/arguments.ts";

const phases = Object.keys(checkOrder) as CheckPhase[];
const places = phases.flatMap((phase) => checkOrder[phase].map((name) => ({ phase, name })));
const names = places.map(({ name }) => name);
const args = new Arguments();

/** Installs a check under each name, which notes its name when it is asked. Returns what was asked, and the removals. */
function installed(order: readonly { readonly phase: CheckPhase; readonly name: string }[]) {
  const list = new CheckList<undefined, undefined>();
  const asked: string[] = [];
  const note = (name: string) => (): "run" => {
    asked.push(name);
    return "run";
  };
  const removals = order.map(({ phase, name }) => ({
    name,
    remove: list.install({ name: name as never, arriving: note(name), within: note(name) }, phase),
  }));
  return { list, asked, removals };
}

test("checks are asked in the order of checkOrder, whatever the order of installing and removing them", () => {
  const shuffled = fc.shuffledSubarray(places, { minLength: places.length });
  fc.assert(
    fc.property(shuffled, fc.subarray<string>(names), (order, removed) => {
      const { list, asked, removals } = installed(order);
      for (const { name, remove } of removals) if (removed.includes(name)) remove();
      const left = names.filter((name) => !removed.includes(name));
      expect(list.count).toBe(left.length);
      expect(list.arriving(undefined, undefined, args)).toBe("run");
      expect(asked.splice(0)).toEqual(left);
      expect(list.within(undefined, undefined, args)).toBe("run");
      expect(asked).toEqual(left);
    }),
  );
});

test("the first check that does not answer 'run' decides, and those behind it are not asked", () => {
  for (const outcome of ["held", new Refusal("ERR no")] as const) {
    const { list, asked } = installed(places.filter(({ name }) => name !== "pause"));
    list.install({ name: "pause", arriving: () => outcome }, "waiting");
    expect(list.arriving(undefined, undefined, args)).toBe(outcome);
    expect(asked).toEqual(names.slice(0, names.indexOf("pause")));
  }
});

test("on a ring, what the phase 'data' says does not count for requests of other nodes", () => {
  const refusals = new Map(places.map(({ name }) => [name, new Refusal(`ERR ${name}`)]));
  for (const { phase, name } of places) {
    const list = new CheckList<undefined, undefined>();
    const refusal = refusals.get(name) as Refusal;
    list.install({ name, arriving: () => refusal, within: () => refusal }, phase);
    let isElsewhere = false;
    list.ignoreDataRefusals(() => isElsewhere);
    expect(list.arriving(undefined, undefined, args)).toBe(refusal);
    isElsewhere = true;
    expect(list.arriving(undefined, undefined, args)).toBe(phase === "data" ? "run" : refusal);
    expect(list.within(undefined, undefined, args)).toBe(refusal);
  }
});
