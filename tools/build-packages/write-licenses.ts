import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { repositoryFolder } from "../source-files.ts";
import type { BuiltPackage } from "./packages.ts";

const licensesFile = "THIRD-PARTY-LICENSES.txt";

/** Writes the licences of the files that the package's code contains into one text in `dist`. */
export function writeLicenses({ embedded = [] }: BuiltPackage, dist: string): void {
  if (embedded.length === 0) return;
  const licenses = embedded.map(({ package: name, path, notice }) => {
    const license = readFileSync(join(repositoryFolder, "node_modules", name, "LICENSE"), "utf8").trim();
    return `The code contains ${basename(path)}, which comes from the package ${name}. ${notice}\n\n${license}\n`;
  });
  writeFileSync(join(dist, licensesFile), licenses.join("\n"));
}
