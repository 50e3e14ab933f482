import type { FailureBody } from "../src/contract/endpoint.ts";
import type { RoomView } from "../src/contract/rooms.ts";
import { call } from "./api.ts";
import { callWithWork, type OnProgress } from "./work.ts";

/** The room as the asker sees it, or why nothing is known of it. */
export type RoomAnswer = { readonly view: RoomView; readonly receipt?: unknown } | { readonly refused: FailureBody };

export async function enterRoom(saleID: string, onWork: OnProgress): Promise<RoomAnswer> {
  const answer = await callWithWork(
    (work) => call("POST /api/room", { body: { saleID, ...work } }),
    () => call("GET /api/room/work", { query: { saleID } }),
    onWork,
  );
  return "ok" in answer ? { view: answer.ok, receipt: answer.ok.receipt } : { refused: answer.refused };
}

async function readRoom(saleID: string): Promise<RoomAnswer> {
  const answer = await call("GET /api/room", { query: { saleID } });
  return "ok" in answer ? { view: answer.ok } : { refused: answer.refused };
}

/** After an answer that is none. */
const pauseAfterFailure = 5;

/**
 * Follows a room until the returned function is called: by questions as often as the server wants, and by events once the
 * visitor is in. While there are no events, it asks again. `onNews` also hears of refusals, so that the page can say them.
 */
export function watchRoom(saleID: string, onNews: (answer: RoomAnswer) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let events: EventSource | undefined;
  let isOver = false;
  const listen = (): void => {
    events = new EventSource(`/api/room/events?saleID=${encodeURIComponent(saleID)}`);
    events.addEventListener("status", ({ data }) => {
      const view = JSON.parse(data) as RoomView;
      if (!isInLine(view)) events?.close();
      onNews({ view });
    });
  };
  const ask = async (): Promise<void> => {
    const isListening = events?.readyState === EventSource.OPEN;
    const answer = isListening ? undefined : await readRoom(saleID);
    if (isOver) return;
    if (answer !== undefined) onNews(answer);
    const mayListen = events === undefined || events.readyState === EventSource.CLOSED;
    if (mayListen && answer !== undefined && "view" in answer && isInLine(answer.view)) listen();
    timer = setTimeout(() => void ask(), pauseOf(answer) * 1000);
  };
  void ask();
  return () => {
    isOver = true;
    clearTimeout(timer);
    events?.close();
  };
}

const isInLine = ({ state }: RoomView): boolean => ["entered", "drawing", "won", "listed", "waiting"].includes(state);

function pauseOf(answer: RoomAnswer | undefined): number {
  if (answer === undefined) return pauseAfterFailure;
  return "view" in answer ? answer.view.askAgainSeconds : (answer.refused.retryAfterSeconds ?? pauseAfterFailure);
}
