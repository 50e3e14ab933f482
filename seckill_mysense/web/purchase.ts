import type { Reservation } from "../src/contract/reservations.ts";
import { call } from "./api.ts";
import { spread } from "./randomness.ts";

export type Asked =
  | { readonly kind: "reserved"; readonly reservation: string }
  | { readonly kind: "sold_out"; readonly canWait: boolean }
  | { readonly kind: "over" }
  /** The token is no longer valid; a new one is needed. */
  | { readonly kind: "stale_token" }
  | { readonly kind: "refused"; readonly message: string };

/** The number of tries with one token before the page asks the buyer what to do. */
const maxTries = 40;
const pauseMs = 500;
const maxPauseMs = 5_000;

/**
 * Asks for one unit. After any failure the same token is sent again. A token stands for one reservation, so that
 * repeated tries can never take two units.
 */
export async function askForUnit(productID: string, token: string): Promise<Asked> {
  let lastMessage = "The server is busy.";
  for (let attempt = 0; attempt < maxTries; attempt++) {
    const answer = await call("POST /check", { query: { productID }, bearer: token });
    if ("ok" in answer) return { kind: "reserved", reservation: answer.ok.reservation };
    const { error, message, retryAfterSeconds } = answer.refused;
    if (error === "sold_out") return { kind: "sold_out", canWait: answer.refused.canWait === true };
    if (error === "sale_ended") return { kind: "over" };
    if (answer.status === 401) return { kind: "stale_token" };
    const isPassing = answer.status === 0 || answer.status === 425 || answer.status === 429 || answer.status >= 500;
    if (!isPassing) return { kind: "refused", message };
    lastMessage = message;
    await pause(spread(Math.min((retryAfterSeconds ?? 0.5) * pauseMs * 2, maxPauseMs)));
  }
  return { kind: "refused", message: lastMessage };
}

export async function readReservation(id: string, productID: string): Promise<Reservation | undefined> {
  const answer = await call("GET /api/reservations/:id", { params: { id }, query: { productID } });
  return "ok" in answer ? answer.ok : undefined;
}

/** Reports each change of a reservation until `stop` is called: by events, or by polling if events fail. */
export function followReservation(id: string, productID: string, tell: (news: Reservation) => void): () => void {
  const query = new URLSearchParams({ productID });
  const events = new EventSource(`/api/reservations/${encodeURIComponent(id)}/events?${query}`);
  events.addEventListener("status", (event) => tell(JSON.parse(event.data) as Reservation));
  const timer = setInterval(() => {
    if (events.readyState === EventSource.OPEN) return;
    void readReservation(id, productID).then((news) => news && tell(news));
  }, 1_500);
  return () => {
    clearInterval(timer);
    events.close();
  };
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
