import { element, setText, show } from "./elements.ts";

/** Shows the remaining time; empty if there is none. */
export function showCountdown(label: string, leftMs: number): void {
  show("clock", leftMs > 0);
  if (leftMs <= 0) return;
  const seconds = Math.ceil(leftMs / 1000);
  const days = Math.floor(seconds / 86_400);
  setText("clock-label", label);
  show("clock-days-unit", days > 0);
  setText("clock-days", String(days));
  setText("clock-days-name", days === 1 ? "day" : "days");
  setText("clock-hours", twoDigits((seconds / 3_600) % 24));
  setText("clock-minutes", twoDigits((seconds / 60) % 60));
  setText("clock-seconds", twoDigits(seconds % 60));
  // Screen readers read the whole time once when they reach it, not every second.
  element("clock-digits").setAttribute("aria-live", "off");
}

export function hideCountdown(): void {
  show("clock", false);
}

function twoDigits(value: number): string {
  return String(Math.floor(value)).padStart(2, "0");
}
