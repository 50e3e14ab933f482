import type { Clock } from "../time/clock.ts";
import type { Settings } from "../settings/settings.ts";
import type { Findings } from "./finding.ts";

export type Clocks = Pick<Clock, "now" | "elapsedMs">;

/** Asks a server for its time, in Unix milliseconds, and compares it. */
export async function checkClock(
  findings: Findings,
  ask: () => Promise<number>,
  { clocks, settings }: { readonly clocks: Clocks; readonly settings: Settings },
): Promise<void> {
  const [askedMs, startedMs] = [clocks.now(), clocks.elapsedMs()];
  const serverMs = await ask();
  checkOffset(findings, serverMs, { askedMs, tookMs: clocks.elapsedMs() - startedMs, settings });
}

/** Compares the clock of a server with that of this machine, as exactly as the way of the question allows. */
export function checkOffset(
  findings: Findings,
  serverMs: number,
  { askedMs, tookMs, settings }: { readonly askedMs: number; readonly tookMs: number; readonly settings: Settings },
): void {
  const uncertainMs = tookMs / 2;
  const offsetMs = Math.round(serverMs - (askedMs + uncertainMs));
  const allowedMs = settings.limits.start_leeway_ms;
  if (Math.abs(offsetMs) <= allowedMs + uncertainMs)
    return findings.ok(`its clock differs by ${Math.abs(offsetMs)} ms`);
  const direction = offsetMs > 0 ? "ahead of" : "behind";
  findings.problem(`its clock is ${Math.abs(offsetMs)} ms ${direction} that of this machine`, {
    why: `a sale would begin and end at different moments; limits.start_leeway_ms allows ${allowedMs} ms`,
    remedy: "let an NTP service set the clocks of all machines",
  });
}
