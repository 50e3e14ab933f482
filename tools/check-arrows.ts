import { readFileSync } from "node:fs";
import { dirname, join, matchesGlob, normalize } from "node:path";
import { arrows, type Arrow } from "./arrows.ts";
import { report, repositoryFiles, repositoryFolder, type Finding } from "./source-files.ts";

const packageFolders: Readonly<Record<string, string>> = {
  "hash-ring": "hash_ring",
  "my-redis": "my_redis",
  "peer-link": "peer_link",
  "seckill-mysense": "seckill_mysense",
};

/** `import ... from "x"`, `export ... from "x"`, `import "x"` and `import("x")`. */
const imports =
  /(?:^|[;}\n])\s*(?:import|export)\b[^;"'`()]*?\bfrom\s*["']([^"']+)["']|\bimport\s*\(?\s*["']([^"']+)["']/g;

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

interface Import {
  /** A path of the repository, or a package as it was written. */
  target: string;
  ours: boolean;
  line: number;
}

function importsOf(path: string, text: string): Import[] {
  return [...text.matchAll(imports)].map((match) => {
    const written = (match[1] ?? match[2]) as string;
    const place = match.index + match[0].lastIndexOf(written);
    const line = text.slice(0, place).split("\n").length;
    if (written.startsWith(".")) return { target: normalize(join(dirname(path), written)), ours: true, line };
    const [name = "", ...rest] = written.split("/");
    const folder = packageFolders[name];
    if (folder === undefined) return { target: written, ours: false, line };
    return { target: [folder, ...(rest.length > 0 ? rest : ["index.ts"])].join("/"), ours: true, line };
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
