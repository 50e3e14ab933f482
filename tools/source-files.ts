import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const repositoryFolder = fileURLToPath(new URL("..", import.meta.url));

const ignoredFolders = new Set([".git", "node_modules", "data"]);

/** Paths, relative to the repository, of all files that are or would be part of it: committed or new, but not ignored. */
export function repositoryFiles(): string[] {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const listing = spawnSync("git", args, { cwd: repositoryFolder, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  // Without git, or in a tree that is no checkout, what lies there is what there is.
  const paths = listing.status === 0 ? listing.stdout.split("\0").filter(Boolean) : walk(repositoryFolder);
  // A file that was deleted, but not yet from the index, is listed by git.
  return [...new Set(paths)].filter((path) => existsSync(join(repositoryFolder, path))).sort();
}

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (ignoredFolders.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return walk(path);
    return entry.isFile() ? [relative(repositoryFolder, path)] : [];
  });
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
