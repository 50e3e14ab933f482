import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import type { Plugin } from "rolldown";
import { repositoryFolder } from "../source-files.ts";
import type { BuiltPackage, EmbeddedFile } from "./packages.ts";

/** Replaces each module that reads a file of another package by one that contains the file. */
export function embedFiles({ folder, embedded = [] }: BuiltPackage): Plugin {
  const files = new Map(embedded.map((file) => [join(repositoryFolder, folder, file.module), file]));
  return {
    name: "embed-files",
    load(id) {
      const file = files.get(id);
      return file && { code: moduleWith(file), moduleType: "js" };
    },
  };
}

/**
 * The file is compressed, since base64 alone would be a third larger than the file. Only a call of the reader unpacks it:
 * a program without scripts does not pay for it.
 */
function moduleWith(file: EmbeddedFile): string {
  const bytes = readFileSync(join(repositoryFolder, "node_modules", file.package, file.path));
  const text = brotliCompressSync(bytes).toString("base64");
  return `import { brotliDecompressSync } from "node:zlib";
export const ${file.reader} = () => brotliDecompressSync(Buffer.from("${text}", "base64"));
`;
}
