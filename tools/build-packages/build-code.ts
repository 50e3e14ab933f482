import { join } from "node:path";
import { rolldown } from "rolldown";
import { repositoryFolder } from "../source-files.ts";
import { embedFiles } from "./embed-files.ts";
import { type BuiltPackage, publicEntry } from "./packages.ts";

type Entries = BuiltPackage["entries"];

/**
 * Writes a package's code to `dist` twice: as ES modules (.js), and as CommonJS (.cjs) for `require()` and for Jest as it
 * comes. All that the code imports goes in, except Node's own modules: an installed package needs no other one.
 */
export async function buildCode(built: BuiltPackage, dist: string): Promise<void> {
  const { entries } = built;
  await write(built, entries, { dist, format: "es", extension: "js" });
  const required = { [publicEntry]: entries[publicEntry] as string };
  await write(built, required, { dist, format: "cjs", extension: "cjs" });
}

interface Output {
  readonly dist: string;
  readonly format: "es" | "cjs";
  readonly extension: string;
}

async function write(built: BuiltPackage, entries: Entries, output: Output): Promise<void> {
  const { folder, platform } = built;
  const sources = Object.entries(entries).map(([name, source]) => [name, join(repositoryFolder, folder, source)]);
  const bundle = await rolldown({
    input: Object.fromEntries(sources) as Record<string, string>,
    platform,
    external: /^node:/,
    plugins: [embedFiles(built)],
    tsconfig: join(repositoryFolder, "tsconfig.json"),
  });
  const { dist, format, extension } = output;
  const names = `[name].${extension}`;
  // Without comments, which the sources have: a third less to download.
  await bundle.write({ dir: dist, format, entryFileNames: names, chunkFileNames: names, comments: false });
  await bundle.close();
}
