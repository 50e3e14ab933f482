import { greeting, readyMessage } from "./supervised-process.ts";

/**
 * Must be called once this process serves. If a supervisor started it, the supervisor is notified, and `stop` is called
 * when the supervisor has died. Call the result to let this process end.
 */
export function answerSupervisor(stop: () => void): () => void {
  // Another parent may have opened a channel for its own purposes; only a supervisor sends the greeting.
  if (process.send === undefined) return () => {};
  let greeted = false;
  const answer = (message: unknown): void => {
    if (message !== greeting) return;
    greeted = true;
    process.once("disconnect", stop);
    process.send?.(readyMessage);
  };
  process.on("message", answer);
  return () => {
    process.off("message", answer);
    process.off("disconnect", stop);
    if (greeted && process.connected) process.disconnect?.();
  };
}
