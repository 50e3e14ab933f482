import type { CheckAnswer } from "../src/contract/check.ts";
import type { Reservation } from "../src/contract/reservations.ts";
import { type Answer, call, type CallOptions } from "./api.ts";
import { spread } from "./randomness.ts";

export type Asked =
  | { readonly kind: "reserved"; readonly reservation: string; readonly quantity: number }
  /** So many units are left; `left` is at least 1. */
  | { readonly kind: "too_few_left"; readonly left: number }
  /** So many units more this buyer may have; `left` is at least 1. */
  | { readonly kind: "over_limit"; readonly left: number }
  | { readonly kind: "sold_out"; readonly canWait: boolean }
  | { readonly kind: "over" }
  /** The token is no longer valid; a new one is needed. */
  | { readonly kind: "stale_token" }
  | { readonly kind: "refused"; readonly message: string };

/** The number of tries with one token before the page asks the buyer what to do. */
const maxTries = 40;
const pauseMs = 500;
const maxPauseMs = 5_000;

export interface Wanted {
  readonly productID: string;
  readonly quantity: number;
  readonly token: string;
  /** The buyer's session: nothing is asked for after its end. */
  readonly session: AbortSignal;
}

/**
 * Asks for units, all or none of them. After any failure the same token is sent again. A token stands for one
 * reservation, so that repeated tries can never take more units.
 */
export async function askForUnits({ productID, quantity, token, session }: Wanted): Promise<Asked> {
  const query = { productID, ...(quantity > 1 && { quantity: String(quantity) }) };
  const { answer } = await askUntilFinal({ query, bearer: token, session });
  if ("ok" in answer) return reserved(answer.ok, quantity);
  const { error, message, left = 0, canWait = false } = answer.refused;
  if (error === "sold_out") return { kind: "sold_out", canWait };
  if (error === "sale_ended") return { kind: "over" };
  if ((error === "too_few_left" || error === "over_limit") && left > 0) return { kind: error, left };
  return answer.status === 401 ? { kind: "stale_token" } : { kind: "refused", message };
}

interface LastAnswer {
  readonly answer: Answer<"POST /check">;
  /** Otherwise the next try may still succeed, and the one before may have done so. */
  readonly isFinal: boolean;
}

/** Sends one token until the answer is final, until it is time to ask the buyer what to do, or until the session ends. */
export async function askUntilFinal(
  request: CallOptions & Required<Pick<CallOptions, "bearer" | "session">>,
): Promise<LastAnswer> {
  for (let attempt = 1; ; attempt++) {
    const answer = await call("POST /check", request);
    const { status } = answer;
    const isPassing = status === 0 || status === 425 || status === 429 || status >= 500;
    if ("ok" in answer || !isPassing) return { answer, isFinal: true };
    if (attempt === maxTries || request.session.aborted) return { answer, isFinal: false };
    const { retryAfterSeconds = 0.5 } = answer.refused;
    await pause(spread(Math.min(retryAfterSeconds * pauseMs * 2, maxPauseMs)));
  }
}

/**
 * A gateway that answers from its memory says "held" without a quantity. Then it is most likely the answer to an
 * earlier try whose answer was lost, and the order tells the truth as soon as it is recorded.
 */
function reserved({ reservation, status, quantity }: CheckAnswer, wanted: number): Asked {
  return { kind: "reserved", reservation, quantity: quantity ?? (status === "held" ? wanted : 1) };
}

/** `productID`: that of a reservation of one product. A bundle has several ones, and its id says enough. */
export async function readReservation(id: string, productID?: string): Promise<Reservation | undefined> {
  const query = productID === undefined ? {} : { productID };
  const answer = await call("GET /api/reservations/:id", { params: { id }, query });
  return "ok" in answer ? answer.ok : undefined;
}

/** Reports each change of a reservation until `stop` is called: by events, or by polling if events fail. */
export function followReservation(
  id: string,
  productID: string | undefined,
  tell: (news: Reservation) => void,
): () => void {
  const query = new URLSearchParams(productID === undefined ? {} : { productID });
  const events = new EventSource(`/api/reservations/${encodeURIComponent(id)}/events?${query}`);
  events.addEventListener("status", (event) => tell(JSON.parse(event.data) as Reservation));
  let isStopped = false;
  const timer = setInterval(() => {
    if (events.readyState === EventSource.OPEN) return;
    void readReservation(id, productID).then((news) => news && !isStopped && tell(news));
  }, 1_500);
  return () => {
    isStopped = true;
    clearInterval(timer);
    events.close();
  };
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
