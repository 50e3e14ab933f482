import { greeting, readyMessage } from "./supervised-process.ts";

/**
 * To be called once this process serves. A supervisor that started it is notified, and `stop` is called when the
 * supervisor has ended. The result lets this process end.
 */
export function answerSupervisor(stop: () => void): () => void {
  // Another parent process may have opened a channel for its own purposes. Only a supervisor sends a greeting.
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
