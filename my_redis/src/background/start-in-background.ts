import { spawn } from "node:child_process";
import { environmentInBackground } from "./environment.ts";

export interface BackgroundStart {
  /** This program with its words. */
  readonly command: readonly [program: string, ...args: string[]];
  /** The text that the program reads from its standard input. */
  readonly input: string;
}

/** What the process in the background says once it serves. */
const readyMessage = "my-redis: in background, ready";

/**
 * Starts this program anew in a session of its own, without a terminal. Resolves when it serves, with 0, or when it has
 * failed, with its exit code: until then its errors appear where this process was started.
 */
export function startInBackground({ command, input }: BackgroundStart): Promise<number> {
  const [program, ...args] = command;
  const child = spawn(program, args, {
    detached: true,
    stdio: ["pipe", "ignore", "pipe", "ipc"],
    env: environmentInBackground(),
  });
  // The process may have ended before it has read anything.
  child.stdin?.on("error", () => {});
  child.stdin?.end(input);
  child.stderr?.pipe(process.stderr, { end: false });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.on("message", (message) => {
      if (message !== readyMessage) return;
      child.stderr?.destroy();
      child.unref();
      resolve(0);
    });
    // Not at the event "exit", which may come before the last words.
    child.once("close", (code) => resolve(code ?? 1));
  });
}

/** Lets the process go that has started this one in the background. */
export function leaveStarter(): void {
  process.send?.(readyMessage, () => process.disconnect?.());
}
