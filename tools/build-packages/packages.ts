/** A package that is published: what its `dist` is made of. */
export interface BuiltPackage {
  readonly name: string;
  /** Its folder in this repository. */
  readonly folder: string;
  /** "neutral" for a package that browsers can load, too. */
  readonly platform: "node" | "neutral";
  /** Files of `dist`, without their extension, and the source of each. */
  readonly entries: Readonly<Record<string, string>>;
  readonly embedded?: readonly EmbeddedFile[];
  /** Packages of others whose code is part of the package's own. */
  readonly bundled?: readonly string[];
}

/**
 * A binary file of another package. In this repository a module of ours reads it from node_modules. The built code
 * contains it instead: a file beside the code would be lost when a user bundles a program.
 */
export interface EmbeddedFile {
  readonly package: string;
  /** Below the other package's folder. */
  readonly path: string;
  /** The module that reads the file, below this package's folder, and the function that it exports. */
  readonly module: string;
  readonly reader: string;
  /** Files of others that are part of the package, with their licences. */
  readonly notice: string;
}

/** The entry that users import. It alone has declarations. */
export const publicEntry = "index";

export const builtPackages: readonly BuiltPackage[] = [
  {
    name: "fair-draw",
    folder: "fair_draw",
    platform: "neutral",
    entries: { [publicEntry]: "index.ts", "run-program": "src/run-program.ts" },
    bundled: ["@noble/curves", "@noble/hashes"],
  },
  { name: "hash-ring", folder: "hash_ring", platform: "neutral", entries: { [publicEntry]: "index.ts" } },
  {
    name: "linearizability",
    folder: "linearizability",
    platform: "node",
    entries: { [publicEntry]: "index.ts", "run-program": "src/run-program.ts" },
  },
  {
    name: "seckill-quantity-client",
    folder: "seckill_mysense/client",
    platform: "neutral",
    entries: { [publicEntry]: "index.ts" },
  },
  {
    name: "my-redis",
    folder: "my_redis",
    platform: "node",
    entries: {
      [publicEntry]: "index.ts",
      "run-program": "src/run-program.ts",
      "run-ring-tool": "src/ring_tool/run-process.ts",
      "runtime-options": "src/runtime-options.ts",
    },
    embedded: [
      {
        package: "wasmoon-lua5.1",
        path: "dist/liblua5.1.wasm",
        module: "src/scripting/webassembly/read-lua-binary.ts",
        reader: "readLuaBinary",
        notice: `The file contains Lua, Copyright (C) 1994-2012 Lua.org, PUC-Rio, and parts of musl, Copyright (C) 2005-2020
Rich Felker and others, and of Emscripten, Copyright (C) 2010-2014 its authors. Each of them is licensed under the
same MIT terms.`,
      },
    ],
  },
];
