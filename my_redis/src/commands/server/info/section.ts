import type { Services } from "../../../dispatch/context.ts";
import type { InfoLine } from "../../../dispatch/info-book.ts";

export type { InfoLine } from "../../../dispatch/info-book.ts";

/** One section of INFO, with its own title. */
export interface InfoSection {
  /** The section's name as INFO's argument. */
  readonly name: string;
  readonly title: string;
  /** Whether INFO without arguments shows it. */
  readonly byDefault: boolean;
  lines(server: Services): readonly InfoLine[];
}

/** A number of bytes in readable form: "1.50M". */
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
