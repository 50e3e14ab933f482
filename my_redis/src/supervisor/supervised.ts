import { endMessage, failureMessage, greeting, progressMessage, readyMessage } from "./supervised-process.ts";

/** Progress is reported this often at most. */
const progressMs = 500;
/** Whether a supervisor has greeted this process. */
let greeted = false;

/**
 * The result tells the supervisor, if there is one, that this process is getting on with its work. It may be called for
 * every block of a file, also while nothing else can run. `monotonicMs` is a monotonic clock, in milliseconds.
 */
export function progressReporter(monotonicMs: () => number): () => void {
  let reportedMs = -Infinity;
  return () => {
    if (!greeted || !process.connected || monotonicMs() - reportedMs < progressMs) return;
    reportedMs = monotonicMs();
    // A supervisor that has just died needs no message.
    process.send?.(progressMessage, () => {});
  };
}

/**
 * To be called once this process serves. A supervisor that started it is notified, and `stop` is called when the
 * supervisor asks for that or has ended. The result lets this process end; `failure` says why that is not as it should be.
 */
export function answerSupervisor(stop: () => void): (failure?: string) => void {
  // Another parent process may have opened a channel for its own purposes. Only a supervisor sends a greeting.
  if (process.send === undefined) return () => {};
  const answer = (message: unknown): void => {
    if (message === endMessage) stop();
    if (message !== greeting) return;
    greeted = true;
    process.once("disconnect", stop);
    process.send?.(readyMessage);
  };
  process.on("message", answer);
  return (failure) => {
    process.off("message", answer);
    process.off("disconnect", stop);
    if (!greeted || !process.connected) return;
    if (failure === undefined) process.disconnect?.();
    else process.send?.(failureMessage + failure, () => process.disconnect?.());
  };
}
