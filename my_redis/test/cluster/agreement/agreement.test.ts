import { expect, test } from "bun:test";
import type { Durable } from "../../../src/cluster/agreement/durable.ts";
import type { Member, RingEffect, RingEvent } from "../../../src/cluster/agreement/ring-member.ts";
import type { RingTable } from "../../../src/cluster/agreement/ring-table.ts";
import { checkTiming, ringTiming } from "../../../src/cluster/agreement/ring-timing.ts";
import { seatOf } from "../../../src/cluster/agreement/ring-table.ts";
import { mayAnswer } from "../../../src/cluster/agreement/serving.ts";
import { startMember, step, wakeAt } from "../../../src/cluster/agreement/step.ts";

const timing = ringTiming(400);
const nothing = { epoch: 0, offset: 0 };

/** A ring of nodes with one seat, which all of them may serve. */
function tableOf(...nodes: string[]): RingTable {
  const primary = { node: nodes[0]!, run: 0 };
  const seat = { name: "seat", nodes, primary, epoch: 0, revision: 0, inSync: [primary] };
  return { version: 0, voters: nodes, formerVoters: undefined, acknowledgement: "replica", seats: [seat] };
}

function memberOf(table: RingTable): Member {
  const durable: Durable = { run: 1, term: 0, votedFor: undefined, stored: { term: 0, table } };
  return startMember({ self: "a", timing, durable, position: nothing }, { nowMs: 0, chance: 0 });
}

/** Takes events, with a disk that confirms at once. Returns the member, and what it wanted. */
function run(member: Member, events: readonly RingEvent[], nowMs: number): { member: Member; effects: RingEffect[] } {
  const effects: RingEffect[] = [];
  const queue = [...events];
  for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
    const next = step(member, event, { nowMs, chance: 0 });
    member = next.member;
    effects.push(...next.effects);
    for (const effect of next.effects) {
      if (effect.type === "persist") queue.push({ type: "kept", write: effect.write });
    }
  }
  return { member, effects };
}

const candidacyOf = (term: number): RingEvent => ({
  type: "message",
  from: "b",
  message: { type: "candidacy", term, stored: { term: 0, version: 0 } },
});

test("a node alone leads, serves and answers, after it has waited for a leader", () => {
  const started = memberOf(tableOf("a"));
  expect(run(started, [{ type: "woken" }], wakeAt(started) - 1).effects).toEqual([]);
  const nowMs = wakeAt(started);
  const { member, effects } = run(started, [{ type: "woken" }], nowMs);
  expect(effects.filter(({ type }) => type === "serve" || type === "lease")).toEqual([
    { type: "serve", epoch: 2 },
    { type: "lease", untilMs: nowMs + timing.leaseMs },
  ]);
  const written = { epoch: 2, offset: 1 };
  const ready = run(member, [{ type: "position", position: written, kept: written }], nowMs).member;
  expect(mayAnswer(ready, written, nowMs)).toBe(true);
  expect(mayAnswer(ready, { epoch: 2, offset: 2 }, nowMs)).toBe(false);
  expect(mayAnswer(ready, written, nowMs + timing.leaseMs)).toBe(false);
});

test("a replica that is always one write behind gets in sync, and writes wait for it", () => {
  const primary = { node: "a", run: 1 };
  const seat = { name: "seat", nodes: ["a", "b"], primary, epoch: 1, revision: 1, inSync: [primary] };
  let member = memberOf({ ...tableOf("a"), version: 1, seats: [seat] });
  let nowMs = 0;
  const replicas = (): readonly string[] =>
    seatOf(member.committed as RingTable, "a")?.inSync.map(({ node }) => node) ?? [];
  const epochOf = ({ serving }: Member): number => serving?.epoch ?? 0;
  for (let offset = 1; offset <= 1000; offset++) {
    nowMs += 1;
    const own = { epoch: epochOf(member), offset };
    const events: RingEvent[] = [{ type: "position", position: own, kept: own }];
    if (own.epoch > 0) events.push({ type: "replicated", node: "b", run: 1, position: { ...own, offset: offset - 1 } });
    if (nowMs >= wakeAt(member)) events.push({ type: "woken" });
    member = run(member, events, nowMs).member;
  }
  expect(replicas()).toEqual(["a", "b"]);
  const epoch = epochOf(member);
  expect(mayAnswer(member, { epoch, offset: 999 }, nowMs)).toBe(true);
  expect(mayAnswer(member, { epoch, offset: 1000 }, nowMs)).toBe(false);
});

test("a step changes nothing but what it returns", () => {
  const before = memberOf(tableOf("a"));
  const copy = structuredClone(before);
  run(before, [{ type: "woken" }], wakeAt(before));
  expect(before).toEqual(copy);
});

test("a vote leaves a node only when the disk has it, and one for another candidate never does", () => {
  const nowMs = timing.silenceMs;
  const asked = step(memberOf(tableOf("a", "b", "c")), candidacyOf(1), { nowMs, chance: 0 });
  expect(asked.effects.map(({ type }) => type)).toEqual(["persist", "persist"]);
  const kept = step(asked.member, { type: "kept", write: asked.member.lastWrite }, { nowMs, chance: 0 });
  expect(kept.effects).toEqual([{ type: "send", to: "b", message: { type: "vote", term: 1 } }]);
  const other = step(kept.member, { ...candidacyOf(1), from: "c" } as RingEvent, { nowMs, chance: 0 });
  expect(other.effects).toEqual([]);
});

test("a node that has just started votes for nobody: it may have answered a leader before", () => {
  const started = memberOf(tableOf("a", "b", "c"));
  expect(run(started, [candidacyOf(1)], timing.silenceMs - 1).effects).toEqual([]);
  expect(run(started, [candidacyOf(1)], timing.silenceMs).effects).not.toEqual([]);
});

test("durations in which a lease may outlast its leader are refused", () => {
  expect(() => checkTiming({ ...timing, leaseMs: timing.leaseMs + 40 })).toThrow("do not fit into 400 ms");
  expect(() => checkTiming(timing)).not.toThrow();
});
