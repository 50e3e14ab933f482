import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { dts } from "rolldown-plugin-dts";
import { repositoryFolder } from "../source-files.ts";
import { type BuiltPackage, publicEntry } from "./packages.ts";

const timeoutMs = 120_000;

/**
 * Has `AsyncDisposable`, which a user's `lib` may lack. The declarations need nothing else: neither the types of Node nor
 * those of Bun.
 */
const libReference = '/// <reference lib="esnext.disposable" />';

/**
 * Writes the declarations of each package's public entry, in one file: only what a user can name is in it. ES modules
 * and CommonJS have one each (.d.ts and .d.cts), because a compiler takes a declaration's module kind from its name.
 */
export async function buildDeclarations(packages: readonly BuiltPackage[], distOf: DistOf): Promise<void> {
  const emitted = mkdtempSync(join(tmpdir(), "declarations-"));
  try {
    emit(emitted);
    for (const built of packages) await bundle(built, emitted, distOf(built));
  } finally {
    rmSync(emitted, { recursive: true, force: true });
  }
}

type DistOf = (built: BuiltPackage) => string;

/** One declaration file for each source file that the packages reach. */
function emit(folder: string): void {
  const tsc = join(repositoryFolder, "node_modules", ".bin", "tsc");
  const args = ["-p", join(import.meta.dirname, "tsconfig.json"), "--outDir", folder];
  const run = spawnSync(tsc, args, { encoding: "utf8", timeout: timeoutMs });
  if (run.status !== 0) throw new Error(`the declarations cannot be written:\n${run.stdout}${run.stderr}`);
}

async function bundle({ folder, entries }: BuiltPackage, emitted: string, dist: string): Promise<void> {
  const source = (entries[publicEntry] as string).replace(/\.ts$/, ".d.ts");
  const declarations = await rolldown({
    input: { [publicEntry]: join(emitted, folder, source) },
    external: /^node:/,
    plugins: [dts({ dtsInput: true, oxc: true, tsconfig: false })],
  });
  const { output } = await declarations.generate({ format: "es" });
  await declarations.close();
  // The bundler notes where each part comes from: a temporary folder.
  const text = `${libReference}\n${output[0].code.replace(/^\/\/#(?:end)?region.*\n/gm, "")}\n`;
  for (const extension of ["d.ts", "d.cts"]) writeFileSync(join(dist, `${publicEntry}.${extension}`), text);
}
