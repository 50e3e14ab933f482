import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { repositoryFolder } from "../source-files.ts";
import { assemble } from "./assemble.ts";

const sources = join(repositoryFolder, "my_redis", "src");
const sourceEnd = ".wat";

/** A TypeScript file with the binary of a kernel, as it should be. */
export interface KernelModule {
  readonly target: string;
  readonly content: string;
}

/** The files that belong to the kernels of the repository. */
export function kernelModules(): KernelModule[] {
  return readdirSync(sources, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(sourceEnd))
    .sort()
    .map((path) => {
      const source = join(sources, path);
      const target = `${source.slice(0, -sourceEnd.length)}-binary.ts`;
      return { target, content: moduleText(basename(path), assemble(readFileSync(source, "utf8"))) };
    });
}

function moduleText(source: string, binary: Uint8Array<ArrayBuffer>): string {
  if (!WebAssembly.validate(binary)) throw new Error(`${source} is assembled to an invalid module`);
  const name = source.slice(0, -sourceEnd.length).replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const text = `export const ${name} =\n  "${Buffer.from(binary).toString("base64")}";\n`;
  return `/** ${source} as a binary in base64; \`npm run kernels\` writes this file. */\n${text}`;
}
