import { expect, test } from "bun:test";
import { hurryBytes } from "../../../src/cluster/moving/outgoing-copy.ts";
import { pauseAfterPart } from "../../../src/cluster/moving/part-pause.ts";

test("the pauses of a copy become shorter as more waits for its target, and end where the source hurries", () => {
  const shares = [0, 0.25, 0.5, 1, 2, 4];
  expect(shares.map((share) => pauseAfterPart(8, share * hurryBytes))).toEqual([8, 6, 4, 0, 0, 0]);
  expect(pauseAfterPart(0, 0)).toBe(0);
});
