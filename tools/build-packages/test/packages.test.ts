import { beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram, startProcess, temporaryFolder } from "../../test-services/index.ts";
import { repositoryFolder } from "../../source-files.ts";
import { builtPackages } from "../packages.ts";

const fixtures = join(import.meta.dir, "project");
const programs = join(repositoryFolder, "node_modules");
const node = findProgram("node");
const npm = findProgram("npm");
const timeoutMs = 60_000;

/** A project outside of the repository that has installed the packages, and nothing else, from what `npm pack` made. */
let project: string;
let packed: readonly { name: string; unpackedSize: number; files: readonly { path: string }[] }[];

type Command = readonly [string, ...string[]];

async function runToEnd(cmd: Command, cwd: string, extra: Readonly<Record<string, string>> = {}) {
  const env = { NODE_PATH: undefined, NODE_OPTIONS: undefined, CI: "true", ...extra };
  const started = await startProcess({ cmd, cwd, env });
  const exit = await started.exited;
  return { exit, output: `${started.stdout()}${started.stderr()}` };
}

async function run(cmd: Command, cwd: string, extra?: Readonly<Record<string, string>>): Promise<string> {
  const { exit, output } = await runToEnd(cmd, cwd, extra);
  if (exit.code !== 0) throw new Error(`${cmd.join(" ")} ended with ${JSON.stringify(exit)}:\n${output}`);
  return output;
}

const packedFile = (built: { name: string }): readonly string[] =>
  packed.find(({ name }) => name === built.name)?.files.map(({ path }) => path) ?? [];

/** Folders of the repository that a text may name although none of its words ends like a file. */
const ourFolders =
  /^(bench|deploy|docs|fair_draw|hash_ring|linearizability|my_redis|peer_link|seckill_mysense|src|test|tools)\//;

/** The files and folders that a text names, by a link or by their path, and that are not among these files. */
function missingFiles(text: string, files: readonly string[]): string[] {
  const targets = [...text.matchAll(/\]\(([^)#\s]+)/g)].map(([, target]) => target as string);
  const words = [...text.matchAll(/(?<![\w./:@-])[\w-][\w./-]*/g)].map(([word]) => word.replace(/\.$/, ""));
  const paths = words.filter((word) => ourFolders.test(word) || /\.(md|ts|js|cjs|wasm)$/.test(word));
  // "path/to" stands for a file of the reader.
  const named = [...new Set([...targets, ...paths])].filter((path) => !/^(https?:|path\/to)/.test(path));
  return named.filter((path) => !files.some((file) => file === path || file.startsWith(`${path.replace(/\/$/, "")}/`)));
}

const describeWithNode = describe.skipIf(node === undefined || npm === undefined);

describeWithNode("the packed packages, installed elsewhere (skipped where there is no Node with npm)", () => {
  beforeAll(async () => {
    project = temporaryFolder("packages");
    const workspaces = builtPackages.flatMap(({ name }) => ["-w", name]);
    await run([process.execPath, join(import.meta.dir, "../main.ts")], repositoryFolder);
    // The builds that npm would start before packing have just been made, all of them in one go.
    const pack = ["pack", "--json", "--ignore-scripts", "--pack-destination", project, ...workspaces] as const;
    const listing: unknown = JSON.parse(await run([npm as string, ...pack], repositoryFolder));
    packed = Object.values(listing as Record<string, (typeof packed)[number]>);
    writeFileSync(join(project, "package.json"), JSON.stringify({ name: "project", private: true }));
    const tarballs = readdirSync(project).filter((name) => name.endsWith(".tgz"));
    expect(tarballs).toHaveLength(builtPackages.length);
    await run([npm as string, "install", "--offline", ...tarballs.map((name) => `./${name}`)], project);
    for (const name of readdirSync(fixtures)) copyFileSync(join(fixtures, name), join(project, name));
  }, timeoutMs);

  test("bring nothing else into node_modules", () => {
    const installed = readdirSync(join(project, "node_modules")).filter((name) => !name.startsWith("."));
    expect(installed.toSorted()).toEqual(builtPackages.map(({ name }) => name).toSorted());
  });

  test.each([...builtPackages])("$name has a README, the licence and what is built, and no sources", (built) => {
    const files = packedFile(built);
    expect(files).toContain("README.md");
    expect(files).toContain("LICENSE");
    expect(files.filter((path) => /(^|\/)(src|test|bench)\//.test(path) || /(?<!\.d)\.c?ts$/.test(path))).toEqual([]);
    const folder = join(repositoryFolder, built.folder);
    expect(readFileSync(join(folder, "LICENSE"), "utf8")).toBe(readFileSync(join(repositoryFolder, "LICENSE"), "utf8"));
    for (const { notice } of built.embedded ?? []) {
      const texts = readFileSync(join(project, "node_modules", built.name, "dist/THIRD-PARTY-LICENSES.txt"), "utf8");
      expect(texts).toContain(notice);
      expect(texts).toContain("MIT License");
    }
    for (const name of built.bundled ?? []) {
      const texts = readFileSync(join(project, "node_modules", built.name, "dist/THIRD-PARTY-LICENSES.txt"), "utf8");
      expect(texts).toContain(`parts of the package ${name}.`);
      expect(texts).toContain("MIT License");
    }
  });

  test.each([...builtPackages])("the texts of $name name only files that the package has", (built) => {
    const files = packedFile(built);
    const texts = files.filter((path) => /\.(md|conf)$/.test(path));
    expect(texts).toContain("README.md");
    for (const path of texts) {
      const text = readFileSync(join(project, "node_modules", built.name, path), "utf8");
      expect(missingFiles(text, files).map((missing) => `${path}: ${missing}`)).toEqual([]);
    }
  });

  test("a text that names a missing file is found", () => {
    const text =
      "See [this](docs/one.md), `src/two.ts`, docs/three.md, bun four/main.ts, README.md, `dist`, and path/to/x.conf";
    expect(missingFiles(text, ["README.md", "dist/index.js"])).toEqual([
      "docs/one.md",
      "src/two.ts",
      "docs/three.md",
      "four/main.ts",
    ]);
  });

  test("stay small", () => {
    const sizes = Object.fromEntries(packed.map(({ name, unpackedSize }) => [name, unpackedSize]));
    expect(sizes["fair-draw"]).toBeLessThan(600_000);
    expect(sizes["hash-ring"]).toBeLessThan(50_000);
    expect(sizes["linearizability"]).toBeLessThan(250_000);
    expect(sizes["seckill-quantity-client"]).toBeLessThan(50_000);
    expect(sizes["my-redis"]).toBeLessThan(4_500_000);
  });

  const kinds = [
    { module: "node16", moduleResolution: "node16" },
    { module: "nodenext", moduleResolution: "nodenext" },
    { module: "preserve", moduleResolution: "bundler" },
  ] as const;

  test.each([...kinds])("compile with moduleResolution $moduleResolution, without any other types", async (kind) => {
    // The same text as an ES module and as CommonJS: each kind has declarations of its own.
    for (const extension of ["mts", "cts"])
      copyFileSync(join(fixtures, "usage.ts"), join(project, `usage.${extension}`));
    const compilerOptions = {
      ...kind,
      target: "ES2022",
      lib: ["ES2022"],
      types: [],
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
    };
    const files = ["usage.mts", "usage.cts", "usage.ts"];
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
    expect(await run([join(programs, ".bin/tsc"), "-p", "."], project)).toBe("");
  });

  const served = JSON.stringify({ answers: "+OK\r\n$5\r\nvalue\r\n$4\r\ndone\r\n", owner: "one" });

  test.each(["serve.mjs", "serve.cjs"])("serve, with scripts, in %s on Node and on Bun", async (file) => {
    expect((await run([node as string, file], project)).trim()).toBe(served);
    expect((await run([process.execPath, file], project)).trim()).toBe(served);
  });

  test("save in the background on Node and on Bun", async () => {
    const saved = ["+Background saving started", true, "+Background append only file rewriting started", true];
    for (const runtime of [node as string, process.execPath]) {
      const output = await run([runtime, "save.mjs"], project, { SAVE_FOLDER: project });
      expect(JSON.parse(output)).toEqual([...saved, "value", "value"]);
    }
  });

  test("keep a program alive that only serves, if it asks for it", async () => {
    expect(await run([node as string, "serve-only.mjs", "true"], project)).toMatch(/^serving on redis:.*\nclosed\n$/);
    const { output, exit } = await runToEnd([node as string, "serve-only.mjs", "false"], project);
    expect(exit).toEqual({ code: 13, signal: null });
    expect(output).not.toContain("closed\n");
  });

  test.each(["judge.mjs", "judge.cjs"])("judge a history in %s on Node and on Bun", async (file) => {
    for (const runtime of [node as string, process.execPath]) {
      expect((await run([runtime, file], project)).trim()).toBe("violation write 1 | read -> null");
    }
  });

  test("judge a file by a program, whose exit code is the verdict", async () => {
    const operation = { process: 1, kind: "read", output: 1, calledAt: 0, returnedAt: 1 };
    writeFileSync(join(project, "history.jsonl"), JSON.stringify(operation));
    const program = join(project, "node_modules/.bin/linearizability");
    for (const runtime of [node as string, process.execPath]) {
      const { exit, output } = await runToEnd([runtime, program, "check", "history.jsonl"], project);
      expect(exit).toEqual({ code: 1, signal: null });
      expect(output).toStartWith("violation: 1 operations are not linearizable");
    }
  });

  test.each(["draw.mjs", "draw.cjs"])(
    "hold a draw in %s and check it by a program, on Node and on Bun",
    async (file) => {
      const program = join(project, "node_modules/.bin/verify-draw");
      for (const runtime of [node as string, process.execPath]) {
        expect((await run([runtime, file], project)).trim()).toBe("ok, place 1");
        const output = await run([runtime, program, "draw.jsonl", "--receipt", "receipt.json"], project);
        expect(output).toContain("place 1 of 1 that were drawn");
        expect(output).toEndWith("ok: all that can be checked fits together\n");
      }
    },
  );

  const bundles = [
    { format: "esm", extension: "mjs" },
    { format: "cjs", extension: "cjs" },
  ] as const;

  test.each([...bundles])("serve, with scripts, from a user's bundle ($format)", async ({ format, extension }) => {
    const [folder, bundle] = [join(project, "bundled"), join(project, `bundled/program.${extension}`)];
    const build = ["build", "serve.mjs", "--target", "node", "--format", format, "--outfile", bundle] as const;
    // CommonJS cannot wait at the top level.
    const source = format === "cjs" ? build.with(1, "serve.cjs") : build;
    await run([process.execPath, ...source], project);
    expect((await run([node as string, bundle], folder)).trim()).toBe(served);
  });

  test("say what to do when a bundle lacks the program of a node", async () => {
    const bundle = join(project, "bundled/nodes.mjs");
    await run([process.execPath, "build", "nodes.mjs", "--target", "node", "--outfile", bundle], project);
    const output = await run([node as string, bundle], join(project, "bundled"));
    expect(output).toMatch(/^NodesError: the program of a node, \/.*, is missing: mark my-redis as external/);
  });

  test(
    "work in Jest as it comes",
    async () => {
      copyFileSync(join(fixtures, "in-jest.cjs"), join(project, "jest.test.js"));
      const jest = join(programs, "jest/bin/jest.js");
      const output = await run([node as string, jest, "--rootDir", project, "--no-cache", "jest.test.js"], project);
      expect(output).toMatch(/Tests: +2 passed, 2 total/);
      expect(output).not.toContain("did not exit");
    },
    timeoutMs,
  );

  test(
    "work in Vitest as it comes",
    async () => {
      copyFileSync(join(fixtures, "in-vitest.mjs"), join(project, "vitest.test.mjs"));
      const vitest = join(programs, "vitest/vitest.mjs");
      const output = await run([node as string, vitest, "run", "--globals", "--root", project, "vitest.test"], project);
      // Colours stand between the words where a terminal is supposed.
      expect(output).toMatch(/Tests .*1 passed/);
    },
    timeoutMs,
  );

  test.each([...builtPackages.filter(({ name }) => name === "my-redis")])(
    "$name's program starts on Node and on Bun, and stops on SIGTERM",
    async () => {
      const program = join(project, "node_modules/.bin/my-redis-server");
      expect(existsSync(program)).toBe(true);
      for (const runtime of [node as string, process.execPath]) {
        const started = await startProcess({
          cmd: [runtime, program, "--port", "0"],
          cwd: project,
          readyWhen: /Ready to accept connections tcp 127\.0\.0\.1:\d+/,
        });
        expect(await started.stop()).toEqual({ code: 0, signal: null });
      }
    },
  );
});
