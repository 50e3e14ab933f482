import { basename, dirname, join } from "node:path";
import { repositoryFiles } from "./source-files.ts";

export interface MissingPath {
  /** Path of the page, relative to the repository. */
  readonly page: string;
  readonly path: string;
}

/** Pages name files as seen from one of these folders, or from the page's own. */
const bases = ["fair_draw", "my_redis", "seckill_mysense", "hash_ring", "linearizability", "peer_link"].flatMap(
  (name) => [name, `${name}/src`, `${name}/test`],
);

/** Made by the programs when they run. */
const madeLater = /^seckill_mysense\/data(\/|$)/;

const files = repositoryFiles();
const fileNames = new Set(files.map((path) => basename(path)));
const folders = new Set<string>();
for (const path of files) {
  for (let folder = dirname(path); folder !== "."; folder = dirname(folder)) folders.add(folder);
}
const there = new Set([...files, ...folders]);

/**
 * Files and folders that a page names in backticks and that are not in the repository. A word counts as a path when it
 * begins with one of our folders, or is the bare name of a source file. A path ends at its first placeholder:
 * `commands/<group>/get.ts` asks for `commands`.
 */
export function missingPaths(page: string, text: string): MissingPath[] {
  const words = [...text.matchAll(/`([^`\s]+)`/g)].map(([, word]) => word as string);
  return words.filter((word) => isMissing(page, word)).map((path) => ({ page, path }));
}

function isMissing(page: string, word: string): boolean {
  if (/^[\w-]+(\.[\w-]+)*\.(ts|lua)$/.test(word)) return !fileNames.has(word);
  if (!/^[\w.<>*-]+\/[\w./<>*-]*$/.test(word) || madeLater.test(word)) return false;
  const path = beforePlaceholder(word);
  const [first = ""] = path.split("/");
  const candidates = [dirname(page), ".", ...bases].filter((base) => folders.has(join(base, first)));
  return candidates.length > 0 && !candidates.some((base) => there.has(join(base, path)));
}

/** The folders before the first part with a placeholder, without a slash at the end. */
function beforePlaceholder(path: string): string {
  const parts = path.split("/");
  const end = parts.findIndex((part) => /[<>*]/.test(part));
  return (end < 0 ? parts : parts.slice(0, end)).filter(Boolean).join("/");
}
