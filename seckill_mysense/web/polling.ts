import { spread } from "./randomness.ts";

/** How often a page that is looked at asks, and one in another tab, on average. */
const visibleMs = 2_000;
const hiddenMs = 30_000;

/**
 * Asks again and again, at moments of its own choice: pages that were opened together do not ask together. A page that is
 * looked at again asks at once. `ask` never rejects.
 */
export function poll(ask: () => Promise<void>): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isAsking = false;
  const wait = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void askNow(), spread(document.visibilityState === "visible" ? visibleMs : hiddenMs));
  };
  const askNow = async (): Promise<void> => {
    if (isAsking) return;
    isAsking = true;
    await ask();
    isAsking = false;
    wait();
  };
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") void askNow();
  });
  wait();
}
