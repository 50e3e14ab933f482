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
        title: "A waiting room opens before the sale",
        text: `You can enter from ${timeOf(view.opensAtMs)} on. ${fairness(view)}`,
      };
    case "open":
      return {
        ...quiet,
        title: mode === "draw" ? "Take part in the draw" : "Enter the waiting room",
        text: fairness(view),
        actions: ["enter"],
      };
    case "entered":
      return {
        ...waiting,
        title: "You are in",
        text: `Your entry is number ${numberOf(view.number)}. ${orderFollows(view)} ${comeBack}`,
      };
    case "drawing":
      return {
        ...waiting,
        title: "The order is being drawn",
        text: `Your entry is number ${numberOf(view.number)}. ${comeBack}`,
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
        text: "It was not used, and has gone to the next ones in the line.",
      };
    case "admitted":
    case "used":
      return undefined;
  }
}

const quiet = { tone: "plain", badge: "–" } as const;
const waiting = { tone: "wait", badge: "" } as const;
const comeBack = "You can close this page and come back, on another device too.";

const fairness = ({ closesAtMs, mode }: RoomView): string => {
  if (mode === "queue" || closesAtMs === undefined) return "Whoever comes first is let in first.";
  if (closesAtMs <= serverNowMs()) return "The draw is closed. Whoever enters now stands behind those who were drawn.";
  return `All who enter before ${timeOf(closesAtMs)} are drawn in a random order: it does not matter who is faster.`;
};

const orderFollows = ({ closesAtMs, mode }: RoomView): string =>
  mode === "draw" && closesAtMs !== undefined ? `The order is drawn at ${timeOf(closesAtMs)}.` : "";

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
