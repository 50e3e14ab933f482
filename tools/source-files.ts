import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const repositoryFolder = fileURLToPath(new URL("..", import.meta.url));

/** Paths, relative to the repository, of all files that are or would be part of it: committed or new, but not ignored. */
export function repositoryFiles(): string[] {
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: repositoryFolder,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  const paths = new Set(listed.split("\0").filter(Boolean));
  // A file deleted but not yet committed is still listed.
  return [...paths].filter((path) => existsSync(join(repositoryFolder, path))).sort();
}

/** One broken rule, in the form that editors and terminals can follow. */
export interface Finding {
  path: string;
  line: number;
  message: string;
}

/** Prints what a check found, and ends the process: with 1 when there was something. */
export function report(check: string, findings: readonly Finding[]): never {
  for (const { path, line, message } of findings) console.error(`${path}:${line}: ${message}`);
  if (findings.length > 0) console.error(`${check}: ${findings.length} found`);
  process.exit(findings.length > 0 ? 1 : 0);
}
