import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { repositoryFolder } from "../source-files.ts";
import { buildCode } from "./build-code.ts";
import { buildDeclarations } from "./build-declarations.ts";
import { type BuiltPackage, builtPackages } from "./packages.ts";
import { writeLicenses } from "./write-licenses.ts";

const distOf = ({ folder }: BuiltPackage): string => join(repositoryFolder, folder, "dist");

/** Builds `dist` of these packages from nothing; of all packages if there are no names. */
export async function buildPackages(names: readonly string[] = []): Promise<void> {
  const unknown = names.find((name) => !builtPackages.some((built) => built.name === name));
  if (unknown !== undefined) {
    const known = builtPackages.map(({ name }) => name).join(", ");
    throw new Error(`there is no package ${JSON.stringify(unknown)} to build; there are ${known}`);
  }
  const wanted = builtPackages.filter(({ name }) => names.length === 0 || names.includes(name));
  for (const built of wanted) {
    const dist = distOf(built);
    rmSync(dist, { recursive: true, force: true });
    mkdirSync(dist, { recursive: true });
    await buildCode(built, dist);
    writeLicenses(built, dist);
  }
  await buildDeclarations(wanted, distOf);
}
