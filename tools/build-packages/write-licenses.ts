import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { repositoryFolder } from "../source-files.ts";
import type { BuiltPackage } from "./packages.ts";

const licensesFile = "THIRD-PARTY-LICENSES.txt";

/** Writes the licences of the files and packages that the package's code contains into one text in `dist`. */
export function writeLicenses({ embedded = [], bundled = [] }: BuiltPackage, dist: string): void {
  const texts = [
    ...embedded.map(({ package: name, path, notice }) => {
      const contained = `The code contains ${basename(path)}, which comes from the package ${name}. ${notice}`;
      return `${contained}\n\n${licenseOf(name)}\n`;
    }),
    ...bundled.map((name) => `The code contains parts of the package ${name}.\n\n${licenseOf(name)}\n`),
  ];
  if (texts.length > 0) writeFileSync(join(dist, licensesFile), texts.join("\n"));
}

const licenseOf = (name: string): string =>
  readFileSync(join(repositoryFolder, "node_modules", name, "LICENSE"), "utf8").trim();
