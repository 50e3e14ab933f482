import { pause } from "../time/pause.ts";

export interface Probe {
  /** Asks a part for something. Rejects with the reason why it cannot be had. */
  readonly ask: () => Promise<void>;
  readonly onAnswer?: () => void;
  /** Gets the reason in words, also while an answer is late. */
  readonly onFailure: (reason: string) => void;
}

const everyMs = 1_000;
/** A part that does not answer for this long is reported: a frozen server accepts connections and says nothing. */
const answerWithinMs = 3_000;

/**
 * Asks about once a second until the signal is aborted, one question at a time. Waiting is bounded by the part's own
 * time limits, which are longer.
 */
export async function runProbe({ ask, onAnswer, onFailure }: Probe, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const late = setTimeout(() => onFailure(`no answer within ${answerWithinMs / 1_000} s`), answerWithinMs);
    try {
      await ask();
      onAnswer?.();
    } catch (error) {
      if (!signal.aborted) onFailure(error instanceof Error ? error.message : String(error));
    } finally {
      clearTimeout(late);
    }
    await pause(everyMs, signal);
  }
}
