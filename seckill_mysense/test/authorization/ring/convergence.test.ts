import { expect, test } from "bun:test";
import { propertySeed } from "../../../../tools/property-seed.ts";
import { freePort } from "../../../../tools/test-services/index.ts";
import { startRing, type TestRing, untilJoined } from "./ring-fixture.ts";

const places = 6;
const steps = 25;

/** Numbers from 0 to below `limit`, decided by the seed (Lehmer's generator, as Park and Miller chose it). */
function chance(seed: number): (limit: number) => number {
  let state = (seed % 2_147_483_646) + 1;
  return (limit) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % limit;
  };
}

test("whichever gateways come and go, those that are up agree on the members and on the owners of users", async () => {
  const random = chance(propertySeed());
  const names: string[] = [];
  while (names.length < places) names.push(`127.0.0.1:${await freePort()}`);
  const running = new Map<string, TestRing>();
  const comesOrGoes = async (name: string, seeds: readonly string[]): Promise<void> => {
    const ring = running.get(name);
    if (ring !== undefined) {
      running.delete(name);
      ring.ring.stop();
      return;
    }
    running.set(name, await startRing({ selfName: name, seeds }));
  };
  await comesOrGoes(names[0]!, []);
  for (let step = 0; step < steps; step++) {
    // Up to three at the same moment; one gateway that stays is enough for new ones to find the others.
    const keeper = [...running.keys()][random(running.size)]!;
    const moving = names.filter((name) => name !== keeper && random(places) < 2).slice(0, 3);
    await Promise.all(moving.map((name) => comesOrGoes(name, [keeper])));
    const there = [...running.values()];
    await untilJoined(...there);
    for (let user = 0; user < 20; user++) {
      const owners = there.map(({ ring }) => ring.ownerOf(`user-${step}-${user}`));
      expect(new Set(owners).size).toBe(1);
      expect(running.has(owners[0]!)).toBe(true);
    }
  }
  for (const { ring } of running.values()) ring.stop();
}, 60_000);
