import type { RoomView } from "../src/contract/rooms.ts";
import { serverNowMs } from "./clock.ts";
import type { Outcome } from "./outcome-view.ts";

/** What a visitor sees of a waiting room; undefined once the visitor may buy. */
export function roomOutcome(view: RoomView): Outcome | undefined {
  const { mode, onHold, state } = view;
  switch (state) {
    case "before":
      return {
        ...quiet,
        title: mode === "ballot" ? "A ballot opens before the sale" : "A waiting room opens before the sale",
        text: `You can enter from ${timeOf(view.opensAtMs)} on. ${fairness(view)}`,
      };
    case "open":
      return {
        ...quiet,
        title: openTitles[mode],
        text: fairness(view),
        actions: ["enter"],
      };
    case "closed":
      return { ...quiet, title: "The entry is over", text: "Those who entered in time have been drawn." };
    case "entered":
      return {
        ...waiting,
        title: mode === "ballot" ? "You have entered" : "You are in",
        text: `Your entry is number ${numberOf(view.number)}. ${orderFollows(view)} ${comeBack}`,
      };
    case "drawing":
      return {
        ...waiting,
        title: "The order is being drawn",
        text: `Your entry is number ${numberOf(view.number)}. ${comeBack}`,
      };
    case "won":
      return {
        ...{ tone: "good", badge: "✓" },
        title: "You have won",
        text: `Your place is ${numberOf(view.place)}, and the first ${numberOf(view.winners)} win. ${windowOf(view)} ${comeBack}`,
      };
    case "listed":
      return {
        ...waiting,
        title: "You were not drawn among the winners",
        text: `${listed(view)} What winners do not buy in time goes to the next ones on the list. ${comeBack}`,
      };
    case "waiting":
      return {
        ...waiting,
        title: beforeYou((view.place ?? 1) - view.admitted - 1),
        text: `Your place is ${numberOf(view.place)}. ${onHold ? "Nobody is let in at the moment." : waitOf(view)} ${comeBack}`,
      };
    case "expired":
      return {
        tone: "bad",
        badge: "!",
        title: "Your time to buy is over",
        text:
          mode === "ballot"
            ? "You did not buy in time, so your place has gone to the next one on the list."
            : "It was not used, and has gone to the next ones in the line.",
      };
    case "admitted":
    case "used":
      return undefined;
  }
}

const quiet = { tone: "plain", badge: "–" } as const;
const waiting = { tone: "wait", badge: "" } as const;
const comeBack = "You can close this page and come back, on another device too.";

const openTitles = {
  draw: "Take part in the draw",
  queue: "Enter the waiting room",
  ballot: "Enter the ballot",
} as const;

/** What is said to whoever may buy now. */
export function turnText({ mode, untilMs }: RoomView): string {
  if (mode !== "ballot" || untilMs === undefined) return "It is your turn.";
  return `You may buy now. Your time ends at ${timeOf(untilMs)}.`;
}

function windowOf({ beginsAtMs, onHold, untilMs }: RoomView): string {
  if (onHold || beginsAtMs === undefined || untilMs === undefined) return "The shop has not said yet when you can buy.";
  return `You can buy from ${timeOf(beginsAtMs)} to ${timeOf(untilMs)}.`;
}

function listed({ admitted, place = 1, winners = 0 }: RoomView): string {
  const before = place - Math.max(admitted, winners) - 1;
  return `Your place is ${numberOf(place)}, and the first ${numberOf(winners)} won. On the list, ${beforeYou(before).toLowerCase()}.`;
}

const fairness = (view: RoomView): string => {
  const { closesAtMs, mode } = view;
  if (mode === "queue" || closesAtMs === undefined) return "Whoever comes first is let in first.";
  if (mode === "ballot") {
    const winners = `${numberOf(view.winners)} ${view.winners === 1 ? "winner is" : "winners are"}`;
    return `${winners} drawn from all who enter before ${timeOf(closesAtMs)}: it does not matter who is faster.`;
  }
  if (closesAtMs <= serverNowMs()) return "The draw is closed. Whoever enters now stands behind those who were drawn.";
  return `All who enter before ${timeOf(closesAtMs)} are drawn in a random order: it does not matter who is faster.`;
};

const orderFollows = ({ closesAtMs, mode }: RoomView): string =>
  mode !== "queue" && closesAtMs !== undefined ? `The order is drawn at ${timeOf(closesAtMs)}.` : "";

function waitOf({ waitSeconds, waitErrorSeconds = 0 }: RoomView): string {
  if (waitSeconds === undefined) return "";
  const seconds = Math.ceil(waitSeconds + waitErrorSeconds);
  return `It is your turn in about ${seconds < 90 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`}.`;
}

function beforeYou(count: number): string {
  if (count <= 0) return "You are next";
  return count === 1 ? "1 person is before you" : `${numberOf(count)} people are before you`;
}

const language = (): string => document.documentElement.lang;
const numberOf = (count: number | undefined): string => (count ?? 0).toLocaleString(language());

/** The time alone today, with the day on another one. */
function timeOf(ms: number): string {
  const [at, today] = [new Date(ms), new Date(serverNowMs())];
  const isToday = at.toDateString() === today.toDateString();
  return at.toLocaleString(language(), {
    ...(!isToday && { day: "numeric", month: "short" }),
    ...{ hour: "2-digit", minute: "2-digit", hour12: false },
  });
}
