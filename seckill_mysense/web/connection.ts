import { show } from "./elements.ts";

let isLost = false;

/** Whether the last request was not answered: what the page shows may be old. */
export const isConnectionLost = (): boolean => isLost;

/** The page says when it does not reach the shop, so that nobody relies on what it shows, and when it does again. */
export function noteConnection(isAnswered: boolean): void {
  isLost = !isAnswered;
  show("connection", isLost);
}

/** Follows what the browser knows of its network, which is sooner than the next request. `onBack`: it is there again. */
export function watchConnection({ onLost, onBack }: { onLost: () => void; onBack: () => void }): void {
  addEventListener("offline", () => {
    noteConnection(false);
    onLost();
  });
  addEventListener("online", onBack);
}
