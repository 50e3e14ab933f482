import { readFileSync } from "node:fs";
import { join, matchesGlob } from "node:path";
import { arrows, type Arrow } from "./arrows.ts";
import { importsOf } from "./imports-of.ts";
import { report, repositoryFiles, repositoryFolder, type Finding } from "./source-files.ts";

/** Every import of these files that an arrow forbids. `read` gives a file's text. */
export function brokenArrows(
  paths: readonly string[],
  rules: readonly Arrow[],
  read: (path: string) => string,
): Finding[] {
  return paths.flatMap((path) => {
    const applying = rules.filter((rule) => matches(path, [rule.from]) && !matches(path, rule.except ?? []));
    if (applying.length === 0) return [];
    return importsOf(path, read(path)).flatMap(({ target, ours, line }) =>
      applying
        .filter((rule) => matches(target, rule.never ?? []) || (ours && rule.only && !matches(target, rule.only)))
        .map((rule) => ({ path, line, message: `imports ${target}, but ${rule.why}` })),
    );
  });
}

function matches(target: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => matchesGlob(target, pattern));
}

if (import.meta.main) {
  const sources = repositoryFiles().filter((path) => /\.[cm]?[jt]sx?$/.test(path));
  report(
    "arrows",
    brokenArrows(sources, arrows, (path) => readFileSync(join(repositoryFolder, path), "utf8")),
  );
}
