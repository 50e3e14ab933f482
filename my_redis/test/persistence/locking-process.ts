import { createInterface } from "node:readline";
import { type FolderLock, FolderInUseError, lockFolder } from "../../src/persistence/aof/folder-lock.ts";

/**
 * Locks folders on request: each line of standard input names a folder to lock, or is "release". Answers "locked",
 * "in use" or "released".
 */
let held: FolderLock | undefined;

function answer(line: string): string {
  if (line === "release") {
    held?.release();
    held = undefined;
    return "released";
  }
  try {
    held = lockFolder(line);
    return held.missing === undefined ? "locked" : `not locked: ${held.missing}`;
  } catch (error) {
    if (error instanceof FolderInUseError) return "in use";
    throw error;
  }
}

console.log("ready");
for await (const line of createInterface({ input: process.stdin })) console.log(answer(line));
