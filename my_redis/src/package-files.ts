import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The folder of this package's files that are opened by path. In the installed package all code is in `dist`, with the
 * Lua binary beside it; in the repository it is in `src`.
 */
const folder = fileURLToPath(new URL(".", import.meta.url));
const isBuilt = basename(folder) === "dist";

/** The program that runs a server, for the present runtime. */
export const serverProgram = join(folder, isBuilt ? "../bin/my-redis-server.js" : "../main.ts");

/** Lua 5.1 as WebAssembly. */
export function readLuaBinary(): Uint8Array {
  const path = isBuilt
    ? join(folder, "liblua5.1.wasm")
    : createRequire(import.meta.url).resolve("wasmoon-lua5.1/dist/liblua5.1.wasm");
  return readFileSync(path);
}
