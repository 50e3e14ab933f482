import { describe, expect, test } from "bun:test";
import type { Receipt } from "fair-draw";
import type { RoomView } from "../../../src/contract/rooms.ts";
import { brokenRules } from "./broken-rules.ts";
import type { ChaosRoom, ToldVisitor } from "./told.ts";

const room: ChaosRoom = { mode: "draw", perSecond: 10, beginsAtMs: 10_000, used: 3 };

/** Three visitors who were told nothing wrong. Each asked while place 2 was being admitted. */
function toldRight(): ToldVisitor[] {
  return [1, 2, 3].map((number) => ({
    name: `visitor ${number}`,
    receipts: [{ number, signature: `of ${number}` } as Receipt],
    views: [
      {
        ...{ askedMs: 10_200, answeredMs: 10_210 },
        view: {
          number,
          place: 4 - number,
          beginsAtMs: 10_000,
          entries: 3,
          admitted: 2,
          waitErrorSeconds: 0,
        } as RoomView,
      },
    ],
    token: { askedMs: 10_290, answeredMs: 10_000 + (4 - number) * 100 },
  }));
}

type Change = (visitors: ToldVisitor[]) => Partial<ChaosRoom> | void;

const withView = (visitors: ToldVisitor[], changes: Partial<RoomView>): void => {
  const { views } = visitors[0]!;
  views.push({ ...views[0]!, view: { ...views[0]!.view, ...changes } });
};

describe("the rules of a room under chaos", () => {
  test("find nothing where nothing is wrong", () => {
    expect(brokenRules(toldRight(), room, Infinity)).toEqual([]);
  });

  const mistakes: Record<string, readonly [Change, string]> = {
    "a second number": [(told) => withView(told, { number: 2 }), "visitor 1 has the numbers 1, 2"],
    "a number that two have": [(told) => void (told[0]!.receipts[0] = told[1]!.receipts[0]!), "numbers"],
    "another receipt": [
      (told) => void told[0]!.receipts.push({ number: 1, signature: "other" } as Receipt),
      "visitor 1 has 2 receipts",
    ],
    "a second place": [(told) => withView(told, { place: 2 }), "visitor 1 has the places 3, 2"],
    "a place that two have": [
      (told) => void told.splice(0, 1, { ...told[1]!, name: "twin" }),
      "the places are not 1 to 3",
    ],
    "a place that is lost": [() => ({ used: 2 }), "2 places were used, and 3 visitors have a token"],
    "nobody's turn": [(told) => void (told[2]!.token = undefined), "visitor 3 has no token"],
    "a token one millisecond early": [
      (told) => void (told[0]!.token = { askedMs: 10_200, answeredMs: 10_299 }),
      "visitor 1 with place 3 got a token 299 ms after the beginning",
    ],
    "a gateway that admits too many": [(told) => withView(told, { admitted: 4 }), "4 are admitted, not 1.0 to 3.1"],
    "a gateway that admits too few": [(told) => withView(told, { admitted: 0 }), "0 are admitted, not 1.0 to 3.1"],
  };

  test.each(Object.entries(mistakes))("find %s", (_, [change, message]) => {
    const visitors = toldRight();
    const changes = change(visitors) ?? {};
    expect(brokenRules(visitors, { ...room, ...changes }, Infinity).join("; ")).toContain(message);
  });

  test("allow fewer admitted from the moment at which somebody came late, and never more", () => {
    const visitors = toldRight();
    withView(visitors, { admitted: 0 });
    expect(brokenRules(visitors, room, 10_205)).toEqual([]);
    withView(visitors, { admitted: 4 });
    expect(brokenRules(visitors, room, 10_205)).toHaveLength(1);
  });
});
