import { describe, expect, test } from "bun:test";
import type { Receipt } from "fair-draw";
import type { RoomView } from "../../../src/contract/rooms.ts";
import { type BallotOutcome, brokenBallot, type ToldBuyer } from "./broken-ballot.ts";

const outcome: BallotOutcome = { units: 3, entries: 4, admitted: 3 };

/** Four people, of whom two have bought, and one has let its window pass. */
function toldRight(): ToldBuyer[] {
  return [1, 2, 3, 4].map((number) => ({
    name: `visitor ${number}`,
    receipts: [{ number, signature: `of ${number}` } as Receipt],
    views: [{ askedMs: 1, answeredMs: 2, view: { number, place: number } as RoomView }],
    token: number > 3 ? undefined : { askedMs: 3, answeredMs: 4 },
    purchase: number > 2 ? undefined : { kind: "bought", units: number, untilMs: 1_000, wonMs: 500 },
  }));
}

type Change = (told: ToldBuyer[]) => Partial<BallotOutcome> | void;

const inVain = (told: ToldBuyer[]): void => {
  told[2]!.purchase = { kind: "sold out", units: 0, untilMs: 1_000 };
};

describe("the rules of a ballot under chaos", () => {
  test("find nothing where nothing is wrong", () => {
    expect(brokenBallot(toldRight(), outcome)).toEqual([]);
    // Nobody waits any more, so units may be left.
    expect(brokenBallot(toldRight(), { ...outcome, units: 5, admitted: 4 })).toEqual([]);
  });

  const mistakes: Record<string, readonly [Change, string]> = {
    "a number that two have": [(told) => void (told[0]!.receipts[0] = told[1]!.receipts[0]!), "numbers"],
    "a place that two have": [(told) => void (told[0]!.views[0] = told[1]!.views[0]!), "the places are not 1 to 4"],
    "a place that is lost": [(told) => void (told[3]!.views.length = 0), "visitor 4 has the places "],
    "a token of somebody who is not admitted": [
      (told) => void (told[3]!.token = told[0]!.token),
      "visitor 4 with place 4 has a token, and 3 are admitted",
    ],
    "more units than there are": [() => ({ units: 2 }), "3 of 2 units are sold"],
    "units that are left while somebody waits": [() => ({ units: 5 }), "2 units are left, and 1 people wait"],
    "somebody who was admitted in vain": [inVain, "visitor 3 was admitted, and told that nothing is left"],
  };

  test.each(Object.entries(mistakes))("find %s", (_, [change, message]) => {
    const told = toldRight();
    const changes = change(told) ?? {};
    expect(brokenBallot(told, { ...outcome, ...changes }).join("; ")).toContain(message);
  });

  test("allow a vain admission only where an order was recorded after its place had been looked at", () => {
    const told = toldRight();
    inVain(told);
    const buy = (wonMs: number): void => void (told[0]!.purchase = { ...told[0]!.purchase!, wonMs });
    buy(6_000);
    expect(brokenBallot(told, outcome)).toHaveLength(1);
    buy(6_001);
    expect(brokenBallot(told, outcome)).toEqual([]);
  });
});
