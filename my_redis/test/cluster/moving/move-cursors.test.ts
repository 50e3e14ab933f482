import { expect, test } from "bun:test";
import type { LogWord } from "../../../src/dispatch/log-target.ts";
import { MoveCursors } from "../../../src/cluster/moving/move-cursors.ts";
import { Arguments } from "../../../src/protocol/arguments.ts";

const cursor = { move: 7, source: { epoch: 3, offset: 100 }, snapshot: 1, parts: 2, isWhole: false };
const asArguments = (words: readonly LogWord[]): Arguments => Arguments.from(words as string[]);

test("cursors come back from the entries of a log, from what a rewritten log begins with, and from a snapshot", () => {
  const written = new MoveCursors();
  const entry = written.set(cursor);
  for (const words of [entry, ...written.carryOver()]) {
    const loaded = new MoveCursors();
    loaded.load(asArguments(words));
    expect(loaded.of(7)).toEqual(cursor);
  }
  const replaced = new MoveCursors();
  replaced.set({ ...cursor, move: 6 });
  // The log of a replica forgets what the snapshot does not have.
  const entries = replaced.replace(written.text);
  expect([replaced.of(6), replaced.of(7)]).toEqual([undefined, cursor]);
  const reloaded = new MoveCursors();
  reloaded.set({ ...cursor, move: 6 });
  for (const words of entries) reloaded.load(asArguments(words));
  expect([reloaded.of(6), reloaded.of(7)]).toEqual([undefined, cursor]);
});

test("a void cursor, a move that is over, and what is no entry", () => {
  const cursors = new MoveCursors();
  cursors.set(cursor);
  cursors.load(asArguments(["ECHO", "my-redis-move:no JSON"]));
  cursors.load(asArguments(["ECHO", 'my-redis-move:{"move":7}']));
  expect(cursors.of(7)).toEqual(cursor);
  cursors.keepOnly((move) => move === 7);
  expect(cursors.of(7)).toEqual(cursor);
  const loaded = new MoveCursors();
  loaded.set(cursor);
  loaded.load(asArguments(cursors.drop(7)));
  expect([cursors.of(7), loaded.of(7)]).toEqual([undefined, undefined]);
  cursors.set(cursor);
  cursors.keepOnly(() => false);
  expect(cursors.text).toBe("[]");
});
