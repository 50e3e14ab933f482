import { greeting, readyMessage } from "./supervised-process.ts";

/**
 * To be called once this process serves. Where a supervisor started it, he is told so, and `stop` is called when he is
 * gone. The result lets this process end.
 */
export function answerSupervisor(stop: () => void): () => void {
  // Somebody else may have opened a channel, for reasons of his own: a supervisor greets.
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
