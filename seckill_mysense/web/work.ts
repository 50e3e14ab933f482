import type { FailureBody } from "../src/contract/endpoint.ts";
import type { WorkChallenge } from "../src/contract/work.ts";

export type WorkMessage = { readonly tries: number } | { readonly solution: unknown };

/** Of the time that is left, in seconds, on average. */
export type OnProgress = (secondsLeft: number) => void;

/**
 * Does the work that the shop asks for before a registration, in the background. Resolves with its text, or with undefined if the
 * browser cannot do it.
 */
export function doWork(challenge: WorkChallenge, onProgress: OnProgress): Promise<string | undefined> {
  const expected = 16 ** challenge.parameters.keyPrefix.length;
  return new Promise((resolve) => {
    const worker = new Worker(document.body.dataset["work"] ?? "", { type: "module" });
    const end = (text: string | undefined): void => {
      worker.terminate();
      resolve(text);
    };
    worker.addEventListener("error", () => end(undefined));
    let firstMs: number | undefined;
    worker.addEventListener("message", ({ data, timeStamp }: MessageEvent<WorkMessage>) => {
      if ("solution" in data) return end(btoa(JSON.stringify({ challenge, solution: data.solution })));
      firstMs ??= timeStamp;
      if (data.tries === 1) return undefined;
      const perTryMs = (timeStamp - firstMs) / (data.tries - 1);
      return onProgress((Math.max(expected - data.tries, 1) * perTryMs) / 1000);
    });
    worker.postMessage(challenge, []);
  });
}

/** What the page says while the browser computes. Screen readers read it, too, and nothing has to be done. */
export function workText(why: string, secondsLeft: number): string {
  // In steps: a screen reader reads the line each time that it changes.
  const left = secondsLeft < 90 ? `${Math.ceil(secondsLeft / 5) * 5} s` : `${Math.ceil(secondsLeft / 60)} min`;
  return `Your browser computes something, ${why}: about ${left}.`;
}

type Refused = { readonly status: number; readonly refused: FailureBody };
type Done<Ok> = { readonly status: number; readonly ok: Ok } | Refused;

/** The risk may rise while the work is done: then the shop asks for more. */
const tries = 3;

/** Tries something, and does the work that the shop asks for before. */
export async function callWithWork<Ok>(
  attempt: (work: { readonly work?: string }) => Promise<Done<Ok>>,
  readChallenge: () => Promise<Done<WorkChallenge | null>>,
  onProgress: OnProgress,
): Promise<Done<Ok>> {
  let answer = await attempt({});
  for (let left = tries; left > 0 && asksForWork(answer); left--) {
    const asked = await readChallenge();
    if ("refused" in asked) return asked;
    const work = asked.ok === null ? undefined : await doWork(asked.ok, onProgress);
    answer = await attempt(work === undefined ? {} : { work });
  }
  return answer;
}

const asksForWork = (answer: Done<unknown>): boolean =>
  "refused" in answer && ["work_required", "work_invalid"].includes(answer.refused.error);
