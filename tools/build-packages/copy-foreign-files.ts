import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { repositoryFolder } from "../source-files.ts";
import type { BuiltPackage } from "./packages.ts";

export const licensesFile = "THIRD-PARTY-LICENSES.txt";

/** Puts the files of other packages into `dist`, with a text that has the licence of each. */
export function copyForeignFiles({ files = [] }: BuiltPackage, dist: string): void {
  if (files.length === 0) return;
  const licenses = files.map(({ package: name, path, notice }) => {
    const folder = join(repositoryFolder, "node_modules", name);
    copyFileSync(join(folder, path), join(dist, basename(path)));
    const license = readFileSync(join(folder, "LICENSE"), "utf8").trim();
    return `${basename(path)} comes from the package ${name}. ${notice}\n\n${license}\n`;
  });
  writeFileSync(join(dist, licensesFile), licenses.join("\n"));
}
