import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { appendFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** One reaper per process, also where test files are loaded into separate module registries. */
const registerKey = Symbol.for("test-services.reaper-register");
const holder = globalThis as typeof globalThis & { [registerKey]?: string };

/** Kills this process group when the current process is gone, whatever ended it. */
export function reapProcess(pid: number): void {
  enter(`process ${pid}`);
}

/** The process has ended: its id must not be killed later, when it may belong to another process. */
export function forgetProcess(pid: number): void {
  enter(`ended ${pid}`);
}

/** Removes this folder when the current process is gone. */
export function reapFolder(path: string): void {
  if (path.includes("\n")) throw new Error(`a folder's path cannot hold a line feed: ${JSON.stringify(path)}`);
  enter(`folder ${path}`);
}

/** Through a file and not through the pipe: a line counts at once, even when this process is killed right after. */
function enter(line: string): void {
  holder[registerKey] ??= startReaper();
  appendFileSync(holder[registerKey], `${line}\n`);
}

function startReaper(): string {
  const register = join(tmpdir(), `reaper-${randomUUID()}`);
  writeFileSync(register, "", { flag: "wx", mode: 0o600 });
  const script = fileURLToPath(new URL("reaper.sh", import.meta.url));
  // In a session of its own, so that Ctrl-C in the terminal does not end it before its work is due.
  const reaper = spawn("sh", [script, register], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  reaper.on("error", (error) => console.error(`what the tests start may be left running: ${error.message}`));
  reaper.unref();
  (reaper.stdin as typeof reaper.stdin & { unref?: () => void }).unref?.();
  return register;
}
