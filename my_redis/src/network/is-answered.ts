import type { PauseSwitch } from "../dispatch/ports.ts";
import type { Connection } from "./connection.ts";

/**
 * Whether a client that has closed its side has got all of its answers. As in redis-server, it does not wait for keys, or
 * for the end of CLIENT PAUSE: that it has closed may as well mean that it is gone. After other requests that are still to
 * be answered, the connection is looked at again.
 */
export function isAnswered({ context, mustDrain, paused }: Connection, pause: PauseSwitch): boolean {
  if (mustDrain) return false;
  const { blocked, relaying } = context.client;
  if (blocked !== undefined || relaying?.mayWaitForKeys === true || pause.forget(context)) return true;
  return !paused && relaying?.pauseUntilAnswered() !== "held";
}
