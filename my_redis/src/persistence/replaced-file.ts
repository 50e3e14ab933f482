import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from "node:fs";
import { open, rename } from "node:fs/promises";

/**
 * Replaces a small file atomically; `temporary` is a path in the same folder. The new content is there after a power failure
 * once the folder has been synced, too. Throws the system's error.
 */
export function replaceFileNow(path: string, temporary: string, text: string): void {
  writeFileSync(temporary, text);
  syncFile(temporary);
  renameSync(temporary, path);
}

/** As `replaceFileNow`, in the background. Only one call for a path may be running at a time. */
export async function replaceFile(path: string, temporary: string, text: string): Promise<void> {
  const file = await open(temporary, "w");
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

/** Forces a folder's list of names to the disk, in the background. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Forces a file's content, or a folder's list of names, to the disk. */
export function syncFile(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
