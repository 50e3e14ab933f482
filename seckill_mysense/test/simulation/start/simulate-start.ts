import { SeededRandom } from "../../../../tools/seeded-random.ts";
import type { RoomSettings } from "../../../src/domain/room.ts";
import { Bot } from "./bot.ts";
import { entryMs } from "./participant.ts";
import { Person } from "./person.ts";
import { VirtualShop } from "./virtual-shop.ts";
import { VirtualTime } from "./virtual-time.ts";

export interface StartPlan {
  /** `first come`: the sale has no room. */
  readonly mode: "draw" | "queue" | "first come";
  readonly people: number;
  readonly bots: number;
  readonly units: number;
  /** Of the room. */
  readonly admitPerSecond: number;
  /** A bot sends so many requests where a person sends one; a multiple of 10. */
  readonly timesAsOften: number;
  readonly seed: number;
}

export interface StartOutcome extends StartPlan {
  readonly wonByPeople: number;
  readonly wonByBots: number;
  /** The share of the units that bots won, over the share of the verified identities that they have. */
  readonly advantage: number;
  readonly requestsOfPeople: number;
  readonly requestsOfBots: number;
  /** Requests of people that a limit refused. */
  readonly refusedPeople: number;
  readonly refusedBots: number;
  /** From the start of the sale. */
  readonly soldOutAfterSeconds: number;
}

const beginsAtMs = 1_800_000_000_000;
const longestMs = 1_800_000;

/** A sale's start as it comes out when everybody does what it does. */
export async function simulateStart(plan: StartPlan): Promise<StartOutcome> {
  const random = new SeededRandom(plan.seed);
  const time = new VirtualTime(beginsAtMs);
  const startsAtMs = beginsAtMs + 60_000 + entryMs;
  const room = plan.mode === "first come" ? undefined : roomOf(plan, plan.mode, startsAtMs);
  await using shop = await VirtualShop.open(time, { units: plan.units, startsAtMs, ...(room && { room }) });
  await time.runUntil(beginsAtMs + 1_000);
  const common = { time, shop, startsAtMs, opensAtMs: room?.opensAtMs };
  const people = Array.from({ length: plan.people }, (_, index) => new Person({ ...common, random, index }));
  const { timesAsOften } = plan;
  const bots = Array.from({ length: plan.bots }, (_, index) => new Bot({ ...common, random, index, timesAsOften }));
  for (const one of [...people, ...bots]) await one.begin();
  await time.runUntil(startsAtMs);
  let soldOutAfterSeconds = longestMs / 1_000;
  for (let ms = 0; ms <= longestMs; ms += 10) {
    await time.runUntil(startsAtMs + ms);
    if (!shop.isSoldOut) continue;
    soldOutAfterSeconds = ms / 1_000;
    break;
  }
  const isOfBot = ({ userId }: { readonly userId: string }): boolean => userId.startsWith("bot");
  const wonByBots = shop.gate.accepted.filter(isOfBot).length;
  const wonByPeople = shop.gate.accepted.length - wonByBots;
  const share = plan.bots / (plan.people + plan.bots);
  const sum = (some: readonly { readonly requests: number }[]) => some.reduce((total, one) => total + one.requests, 0);
  return {
    ...{ ...plan, wonByPeople, wonByBots, advantage: wonByBots / shop.gate.accepted.length / share },
    ...{ requestsOfPeople: sum(people), requestsOfBots: sum(bots) },
    ...{ refusedPeople: shop.refusals.people, refusedBots: shop.refusals.bots, soldOutAfterSeconds },
  };
}

function roomOf({ admitPerSecond }: StartPlan, mode: RoomSettings["mode"], startsAtMs: number): RoomSettings {
  return {
    ...{ mode, opensAtMs: startsAtMs - entryMs, closesAtMs: mode === "draw" ? startsAtMs : undefined },
    ...{ admitPer1000Seconds: admitPerSecond * 1_000, useWithinMs: 300_000, startsOnHold: false },
    publicValue: { kind: "none" },
  };
}
