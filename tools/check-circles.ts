import { readFileSync } from "node:fs";
import { join } from "node:path";
import { importsOf } from "./imports-of.ts";
import { type Finding, report, repositoryFiles, repositoryFolder } from "./source-files.ts";

/**
 * Groups of files that import each other in a circle, each as one finding. Imports of types count: a reader cannot
 * understand one file of a circle without the others. `read` gives a file's text.
 */
export function circles(paths: readonly string[], read: (path: string) => string): Finding[] {
  const known = new Set(paths);
  const targets = new Map(
    paths.map((path) => [path, importsOf(path, read(path)).flatMap(({ target }) => (known.has(target) ? target : []))]),
  );
  const itself = paths.filter((path) => targets.get(path)?.includes(path) === true);
  const groups = stronglyConnected(paths, (path) => targets.get(path) ?? []);
  return [
    ...itself.map((path) => ({ path, line: 1, message: "imports itself" })),
    ...groups.map((group) => ({
      path: group[0] as string,
      line: 1,
      message: `imports itself by way of ${group.slice(1).join(", ")}`,
    })),
  ];
}

interface Visit {
  readonly index: number;
  /** The lowest index that is known to be reachable. */
  lowest: number;
  isOpen: boolean;
}

/** Tarjan's algorithm (1972): groups of more than one node that all reach each other. */
function stronglyConnected(nodes: readonly string[], targetsOf: (node: string) => readonly string[]): string[][] {
  const visits = new Map<string, Visit>();
  const open: string[] = [];
  const groups: string[][] = [];
  const visit = (node: string): Visit => {
    const own: Visit = { index: visits.size, lowest: visits.size, isOpen: true };
    visits.set(node, own);
    open.push(node);
    for (const target of targetsOf(node)) {
      const other = visits.get(target) ?? visit(target);
      if (other.isOpen) own.lowest = Math.min(own.lowest, other.lowest);
    }
    if (own.lowest === own.index) {
      const group = open.splice(open.indexOf(node));
      for (const each of group) (visits.get(each) as Visit).isOpen = false;
      if (group.length > 1) groups.push(group.sort());
    }
    return own;
  };
  for (const node of nodes) if (!visits.has(node)) visit(node);
  return groups;
}

if (import.meta.main) {
  const sources = repositoryFiles().filter((path) => /\.[cm]?[jt]sx?$/.test(path));
  report(
    "circles",
    circles(sources, (path) => readFileSync(join(repositoryFolder, path), "utf8")),
  );
}
