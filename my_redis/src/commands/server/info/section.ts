import type { Services } from "../../../dispatch/context.ts";
import type { InfoLine } from "../../../dispatch/info-book.ts";

export type { InfoLine } from "../../../dispatch/info-book.ts";

/** One part of INFO, under its own title. */
export interface InfoSection {
  /** As INFO's argument names it. */
  readonly name: string;
  readonly title: string;
  /** Whether INFO without arguments shows it. */
  readonly byDefault: boolean;
  lines(server: Services): readonly InfoLine[];
}

/** Bytes for people: "1.50M". */
export function humanBytes(bytes: number): string {
  if (bytes < 1024) return `${Math.round(bytes)}B`;
  let value = bytes;
  let unit = -1;
  while (value >= 1024 && unit < 4) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(2)}${"KMGTP"[unit]}`;
}
