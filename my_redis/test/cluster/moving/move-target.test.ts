import { expect, test } from "bun:test";
import { MoveCursors } from "../../../src/cluster/moving/move-cursors.ts";
import { MoveTarget } from "../../../src/cluster/moving/move-target.ts";
import type { Services } from "../../../src/dispatch/context.ts";
import { targetMember } from "./one-move.ts";

/** A target at which each question ends after so many milliseconds, without an answer. */
function targetWith({ tookMs, isLogged }: { tookMs: number; isLogged: boolean }) {
  const state = { nowMs: 0, questions: 0, warnings: [] as string[] };
  const environment = {
    monotonicMs: () => state.nowMs,
    report: (_level: string, text: string) => state.warnings.push(text),
  };
  const server = { environment, clients: { addPseudo: () => undefined } } as unknown as Services;
  const target = new MoveTarget({
    ...{ server, cursors: new MoveCursors(), member: () => targetMember, take: () => {}, isLogged: () => isLogged },
    ...{ position: () => ({ epoch: 1, offset: 0 }), isEmpty: () => true, contentChanged: () => {}, ended: () => {} },
    ask: (_seat, _question, answered) => {
      state.questions++;
      state.nowMs += tookMs;
      answered(undefined);
    },
  });
  return { state, target };
}

test("the pause after a question without an answer doubles, so that the source can serve others", () => {
  const { state, target } = targetWith({ tookMs: 1000, isLogged: true });
  const askedAtMs: number[] = [];
  while (state.nowMs < 60_000) {
    const { nowMs, questions } = state;
    target.ask();
    if (state.questions > questions) askedAtMs.push(nowMs);
    else state.nowMs += 100;
  }
  expect(askedAtMs).toEqual([0, 3000, 8000, 17_000, 34_000]);
  expect(state.warnings[0]).toBe(
    "move 3 waits: a has not answered, or the link to it was lost. It is asked again in 2000 ms",
  );
  expect(target.statusOf(3).pauseMs).toBe(32_000);
});

test("nothing more is asked for while the log does not have what has come", () => {
  const { state, target } = targetWith({ tookMs: 1, isLogged: false });
  target.ask();
  expect(state.questions).toBe(0);
});
