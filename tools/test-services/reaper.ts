import { spawn, type ChildProcess } from "node:child_process";
import type { Writable } from "node:stream";
import { fileURLToPath } from "node:url";

/** One reaper per process, also where test files are loaded into separate module registries. */
const reaperKey = Symbol.for("test-services.reaper");
const holder = globalThis as typeof globalThis & { [reaperKey]?: Writable };

/** Kills this process group when the current process is gone, whatever ended it. */
export function reapProcess(pid: number): void {
  tellReaper(`process ${pid}`);
}

/** The process has ended: its id must not be killed later, when it may belong to somebody else. */
export function forgetProcess(pid: number): void {
  tellReaper(`ended ${pid}`);
}

/** Removes this folder when the current process is gone. */
export function reapFolder(path: string): void {
  if (path.includes("\n")) throw new Error(`a temporary folder's path cannot hold a line feed: ${JSON.stringify(path)}`);
  tellReaper(`folder ${path}`);
}

function tellReaper(line: string): void {
  holder[reaperKey] ??= startReaper();
  holder[reaperKey].write(`${line}\n`);
}

function startReaper(): Writable {
  const script = fileURLToPath(new URL("reaper.sh", import.meta.url));
  // In a session of its own, so that Ctrl-C in the terminal does not end it before its work is due.
  const reaper: ChildProcess = spawn("sh", [script], { stdio: ["pipe", "ignore", "inherit"], detached: true });
  reaper.unref();
  const input = reaper.stdin as Writable & { unref?: () => void };
  input.unref?.();
  // Without a reaper the tests still run; only the clean-up after a crash is lost.
  input.on("error", () => {});
  return input;
}
