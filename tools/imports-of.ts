import { dirname, join, normalize } from "node:path";

const packageFolders: Readonly<Record<string, string>> = {
  "hash-ring": "hash_ring",
  "my-redis": "my_redis",
  "peer-link": "peer_link",
  "seckill-mysense": "seckill_mysense",
};

/** `import ... from "x"`, `export ... from "x"`, `import "x"` and `import("x")`. */
const imports =
  /(?:^|[;}\n])\s*(?:import|export)\b[^;"'`()]*?\bfrom\s*["']([^"']+)["']|\bimport\s*\(?\s*["']([^"']+)["']/g;

/** The imports of a file. An import of a type counts like any other. */
export interface Import {
  /** A path of the repository, or a package as it was written. */
  target: string;
  ours: boolean;
  line: number;
}

export function importsOf(path: string, text: string): Import[] {
  return [...text.matchAll(imports)].map((match) => {
    const written = (match[1] ?? match[2]) as string;
    const place = match.index + match[0].lastIndexOf(written);
    const line = text.slice(0, place).split("\n").length;
    if (written.startsWith(".")) return { target: normalize(join(dirname(path), written)), ours: true, line };
    const [name = "", ...rest] = written.split("/");
    const folder = packageFolders[name];
    if (folder === undefined) return { target: written, ours: false, line };
    return { target: [folder, ...(rest.length > 0 ? rest : ["index.ts"])].join("/"), ours: true, line };
  });
}
