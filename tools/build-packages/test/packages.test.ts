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

async function run(cmd: readonly [string, ...string[]], cwd: string): Promise<string> {
  const started = await startProcess({ cmd, cwd, env: { NODE_PATH: undefined, NODE_OPTIONS: undefined, CI: "true" } });
  const exit = await started.exited;
  const output = `${started.stdout()}${started.stderr()}`;
  if (exit.code !== 0) throw new Error(`${cmd.join(" ")} ended with ${JSON.stringify(exit)}:\n${output}`);
  return output;
}

const packedFile = (built: { name: string }): readonly string[] =>
  packed.find(({ name }) => name === built.name)?.files.map(({ path }) => path) ?? [];

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
    // A link to a file of the repository leads nowhere on the page of a package.
    expect(readFileSync(join(folder, "README.md"), "utf8")).not.toMatch(/\]\((?!https?:|#)/);
    for (const foreign of built.files ?? []) {
      const texts = readFileSync(join(project, "node_modules", built.name, "dist/THIRD-PARTY-LICENSES.txt"), "utf8");
      expect(texts).toContain(foreign.notice);
      expect(texts).toContain("MIT License");
    }
  });

  test("stay small", () => {
    const sizes = Object.fromEntries(packed.map(({ name, unpackedSize }) => [name, unpackedSize]));
    expect(sizes["hash-ring"]).toBeLessThan(50_000);
    expect(sizes["my-redis"]).toBeLessThan(3_500_000);
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
