import { afterEach, expect, test } from "bun:test";
import { MirroredRing } from "./mirrored-ring.ts";
import { changeRing, untilMoved, weightsOf } from "./moving-ring.ts";

let mirrored: MirroredRing;

afterEach(() => mirrored.stop());

test("slots move under writes of all types in several databases: no reply and no key differs from one server's", async () => {
  mirrored = await MirroredRing.start(2, 1, { nodes: [0, 3] });
  const { ring } = mirrored;
  await mirrored.fill(800);
  mirrored.begin();
  for (const [one, other] of [
    [3, 1],
    [1, 1],
  ] as const) {
    const version = await changeRing(ring, weightsOf(ring, one, other));
    await untilMoved(ring, version);
  }
  expect(await mirrored.differences()).toEqual([]);
  console.log(`${mirrored.written} writes, the longest took ${mirrored.longestMs} ms`);
}, 60_000);
