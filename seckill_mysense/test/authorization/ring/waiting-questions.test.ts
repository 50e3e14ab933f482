import { describe, expect, test } from "bun:test";
import { WaitingQuestions } from "../../../src/authorization/ring/waiting-questions.ts";

const allowed = { kind: "allowed" } as const;
const held = { kind: "held" } as const;

describe("questions under way", () => {
  test("are answered in their order", async () => {
    const waiting = new WaitingQuestions(10);
    const asked = [waiting.add(100), waiting.add(100)];
    expect([waiting.answer(allowed), waiting.answer(held)]).toEqual([true, true]);
    expect(await Promise.all(asked)).toEqual([allowed, held]);
    expect(waiting.answer(allowed)).toBe(false);
  });

  test("that are given up do not get the answers of others", async () => {
    const waiting = new WaitingQuestions(10);
    const asked = [waiting.add(100), waiting.add(100), waiting.add(300)];
    expect(waiting.expire(99)).toBe(0);
    expect(waiting.expire(100)).toBe(2);
    expect(waiting.expire(200)).toBe(0);
    // The late answers of the first two come all the same.
    for (const verdict of [allowed, allowed, held]) waiting.answer(verdict);
    expect(await Promise.all(asked)).toEqual([undefined, undefined, held]);
  });

  test("are all lost with the connection, and those given up before are not counted again", async () => {
    const waiting = new WaitingQuestions(10);
    const asked = [waiting.add(100), waiting.add(300), waiting.add(300)];
    waiting.expire(100);
    expect(waiting.loseAll()).toBe(2);
    expect(await Promise.all(asked)).toEqual([undefined, undefined, undefined]);
    expect(waiting.count).toBe(0);
  });

  test("are no more than allowed, also over thousands of answers", async () => {
    const waiting = new WaitingQuestions(2_000);
    for (let round = 0; round < 5; round++) {
      while (!waiting.isFull) void waiting.add(100);
      expect(waiting.count).toBe(2_000);
      for (let answer = 0; answer < 1_500; answer++) waiting.answer(allowed);
      expect(waiting.count).toBe(500);
    }
    waiting.expire(100);
    const last = waiting.add(200);
    for (let answer = 0; answer < 500; answer++) waiting.answer(allowed);
    waiting.answer(held);
    expect(await last).toEqual(held);
  });
});
