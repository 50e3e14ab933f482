import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/**
 * Lua 5.1 as WebAssembly. This file serves the repository only: the published package contains the binary in its code
 * instead, because a bundler of a user would lose a file beside the code. tools/build-packages replaces this module.
 */
export const readLuaBinary = (): Uint8Array =>
  readFileSync(createRequire(import.meta.url).resolve("wasmoon-lua5.1/dist/liblua5.1.wasm"));
