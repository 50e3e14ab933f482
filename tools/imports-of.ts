import { dirname, join, normalize } from "node:path";
import { parseSync } from "oxc-parser";

const packageFolders: Readonly<Record<string, string>> = {
  "fair-draw": "fair_draw",
  "hash-ring": "hash_ring",
  "my-redis": "my_redis",
  "peer-link": "peer_link",
  "seckill-mysense": "seckill_mysense",
  "seckill-quantity-client": "seckill_mysense/client",
};

/** `import("x")`, as a call or as a type: the parser does not list types. */
const importCalls = /\bimport\s*\(\s*["']([^"']+)["']/g;

/** The imports of a file. An import of a type counts like any other. */
export interface Import {
  /** A path of the repository, or a package as it was written. */
  target: string;
  ours: boolean;
  line: number;
}

export function importsOf(path: string, text: string): Import[] {
  const { module } = parseSync(path, text);
  const found = new Map<number, string>();
  for (const { moduleRequest } of module.staticImports) found.set(moduleRequest.start, moduleRequest.value);
  for (const { entries } of module.staticExports) {
    for (const { moduleRequest } of entries) {
      if (moduleRequest !== null) found.set(moduleRequest.start, moduleRequest.value);
    }
  }
  for (const match of text.matchAll(importCalls)) found.set(match.index + match[0].length - 1, match[1] as string);
  return [...found].map(([place, written]) => ({
    ...targetOf(path, written),
    line: text.slice(0, place).split("\n").length,
  }));
}

function targetOf(path: string, written: string): Omit<Import, "line"> {
  if (written.startsWith(".")) return { target: normalize(join(dirname(path), written)), ours: true };
  const [name = "", ...rest] = written.split("/");
  const folder = packageFolders[name];
  if (folder === undefined) return { target: written, ours: false };
  return { target: [folder, ...(rest.length > 0 ? rest : ["index.ts"])].join("/"), ours: true };
}
