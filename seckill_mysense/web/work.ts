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
