import { expect, test } from "bun:test";
import { runFuzzPiece } from "./fuzz-piece.ts";

/** The piece of every test run. `npm run fuzz -- --minutes N` runs many, with other seeds. */
const seed = 20_240_607;
const loadMs = 8000;

test(`random and broken requests (seed ${seed}) harm neither the server, nor another client, nor the log`, async () => {
  const { requests, rounds, keys } = await runFuzzPiece(seed, loadMs);
  expect(requests).toBeGreaterThan(100);
  expect(rounds).toBeGreaterThan(10);
  expect(keys).toBeGreaterThan(3);
}, 60_000);
