import type { FailureBody } from "../src/contract/endpoint.ts";
import type { RoomView } from "../src/contract/rooms.ts";
import { call } from "./api.ts";

/** The room as the asker sees it, or why nothing is known of it. */
export type RoomAnswer = { readonly view: RoomView; readonly receipt?: unknown } | { readonly refused: FailureBody };

export async function enterRoom(saleID: string): Promise<RoomAnswer> {
  const answer = await call("POST /api/room", { body: { saleID } });
  return "ok" in answer ? { view: answer.ok, receipt: answer.ok.receipt } : { refused: answer.refused };
}

async function readRoom(saleID: string): Promise<RoomAnswer> {
  const answer = await call("GET /api/room", { query: { saleID } });
  return "ok" in answer ? { view: answer.ok } : { refused: answer.refused };
}

/** After an answer that is none. */
const pauseAfterFailure = 5;

/**
 * Asks about a room as often as the server wants, until the returned function is called. `onNews` also hears of refusals, so
 * that the page can say them.
 */
export function watchRoom(saleID: string, onNews: (answer: RoomAnswer) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;
  const ask = async (): Promise<void> => {
    const answer = await readRoom(saleID);
    if (isOver) return;
    onNews(answer);
    const { askAgainSeconds } = "view" in answer ? answer.view : { askAgainSeconds: pauseOf(answer.refused) };
    timer = setTimeout(() => void ask(), askAgainSeconds * 1000);
  };
  void ask();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}

const pauseOf = ({ retryAfterSeconds = pauseAfterFailure }: FailureBody): number => retryAfterSeconds;
