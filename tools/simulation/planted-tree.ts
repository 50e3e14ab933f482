import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { repositoryFiles, repositoryFolder } from "../source-files.ts";

/** A text of one file, which must stand there once, and what stands there instead. */
export interface Change {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/**
 * Copies the files under these paths of the repository into a folder, with a mistake planted in them. So the code
 * itself has no places that are there for mistakes, and a mistake may stand in any line.
 */
export function plantTree(folder: string, paths: readonly string[], changes: readonly Change[]): void {
  for (const file of repositoryFiles()) {
    if (!paths.some((path) => file === path || file.startsWith(`${path}/`))) continue;
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(join(repositoryFolder, file), join(folder, file));
  }
  for (const { file, from, to } of changes) {
    const text = readFileSync(join(folder, file), "utf8");
    if (text.split(from).length !== 2) throw new Error(`${file} does not have this text once: ${from}`);
    writeFileSync(
      join(folder, file),
      text.replace(from, () => to),
    );
  }
}
