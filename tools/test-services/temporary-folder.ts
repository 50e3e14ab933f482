import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reapFolder } from "./reaper.ts";

/** A new empty folder under the system's temporary folder; removed when the current process is gone. */
export function temporaryFolder(prefix: string): string {
  if (!/^[a-z0-9-]{1,40}$/.test(prefix)) {
    throw new Error(`a folder prefix is 1 to 40 lower-case letters, digits and hyphens, not ${JSON.stringify(prefix)}`);
  }
  const path = mkdtempSync(join(tmpdir(), `${prefix}-`));
  reapFolder(path);
  return path;
}
