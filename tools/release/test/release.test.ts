import { beforeEach, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { repositoryFolder } from "../../source-files.ts";
import { temporaryFolder } from "../../test-services/index.ts";
import { release, ReleaseError } from "../release.ts";
import { compareVersions } from "../version-number.ts";

interface Package {
  version: string;
  workspaces?: readonly string[];
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));
const { workspaces = [] } = readJson(join(repositoryFolder, "package.json")) as Package;
const manifests = ["package.json", ...workspaces.map((folder) => join(folder, "package.json"))];

const changelog = `# Changelog

## Unreleased

### Added

- Something for users.

## 0.0.1 - 2026-01-01

- The first of it.
`;

let folder: string;

function git(...args: string[]): string {
  const identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"];
  const { status, stdout, stderr } = spawnSync("git", [...identity, ...args], { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}

/** A program that git calls, and that refuses. */
function refusingHook(name: string): void {
  const path = join(folder, ".git/hooks", name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "#!/bin/sh\necho 'the hook refuses' >&2\nexit 1\n");
  chmodSync(path, 0o755);
}

const start = (version: string, check = () => true): void => release({ folder, version, date: "2026-12-24", check });

/** A repository with the real files that name the version. */
beforeEach(() => {
  folder = temporaryFolder("release");
  for (const path of [...manifests, "package-lock.json", "my_redis/src/version.ts"]) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(repositoryFolder, path), join(folder, path));
  }
  writeFileSync(join(folder, "CHANGELOG.md"), changelog);
  git("init", "--quiet", "--initial-branch", "main");
  git("config", "user.name", "test");
  git("config", "user.email", "test@localhost");
  git("add", "--all");
  git("commit", "--quiet", "--message", "Before");
});

describe("a release", () => {
  test("puts its version everywhere, and is one commit with a tag", () => {
    start("9.8.7");
    expect(git("log", "-1", "--format=%s")).toBe("Release 9.8.7");
    expect(git("rev-parse", "v9.8.7^{commit}")).toBe(git("rev-parse", "HEAD"));
    expect(git("status", "--porcelain")).toBe("");
    const lock = readJson(join(folder, "package-lock.json")) as { packages: Record<string, Package> };
    for (const path of manifests) {
      const manifest = readJson(join(folder, path)) as Package;
      const before = readJson(join(repositoryFolder, path)) as Package;
      expect(manifest.version).toBe("9.8.7");
      const ours = ["hash-ring", "my-redis"].filter((name) => before.dependencies?.[name] !== undefined);
      for (const name of ours) expect(manifest.dependencies?.[name]).toBe("9.8.7");
      // The lock says the same as each package.json, or `npm ci` would refuse it.
      const locked = lock.packages[path === "package.json" ? "" : dirname(path)];
      expect(locked?.version).toBe("9.8.7");
      expect(locked?.dependencies).toEqual(manifest.dependencies);
      expect(locked?.devDependencies).toEqual(manifest.devDependencies);
    }
    expect(readFileSync(join(folder, "my_redis/src/version.ts"), "utf8")).toContain('version = "9.8.7"');
    // Nothing but versions has changed.
    expect(git("diff", "--stat", "HEAD~1").split("\n")).toHaveLength(manifests.length + 4);
  });

  test("moves what was unreleased below its version and date", () => {
    start("9.8.7");
    expect(readFileSync(join(folder, "CHANGELOG.md"), "utf8")).toBe(
      changelog.replace("## Unreleased\n", "## Unreleased\n\n## 9.8.7 - 2026-12-24\n"),
    );
  });

  const refusals: readonly (readonly [string, () => void, string, () => boolean, RegExp])[] = [
    ["what is no version", () => {}, "9.8", () => true, /looks like 1\.2\.3/],
    ["a version before the current one", () => {}, "0.0.1", () => true, /comes before/],
    ["a version that is tagged", () => void git("tag", "v9.8.7"), "9.8.7", () => true, /a tag v9\.8\.7 already/],
    [
      "a tree with changes",
      () => writeFileSync(join(folder, "new-file"), ""),
      "9.8.7",
      () => true,
      /not committed:\n\?\? new-file/,
    ],
    ["another branch", () => void git("switch", "--quiet", "--create", "other"), "9.8.7", () => true, /this is other/],
    ["no branch", () => void git("switch", "--quiet", "--detach"), "9.8.7", () => true, /this is no branch/],
    [
      "a git that does not know the author",
      () => {
        // Not `unset`: the machine's own configuration might have an identity.
        git("config", "user.name", "");
        git("config", "user.email", "");
      },
      "9.8.7",
      () => true,
      /git does not know who makes the commit/,
    ],
    ["a commit that a hook refuses", () => refusingHook("pre-commit"), "9.8.7", () => true, /the hook refuses/],
    [
      "a tag that cannot be signed",
      () => {
        git("config", "tag.gpgSign", "true");
        git("config", "gpg.program", "false");
      },
      "9.8.7",
      () => true,
      /the tag failed/,
    ],
    ["a failed check", () => {}, "9.8.7", () => false, /a check failed/],
    [
      "a changelog that says nothing",
      () => {
        writeFileSync(
          join(folder, "CHANGELOG.md"),
          "# Changelog\n\n## Unreleased\n\n## 0.0.1 - 2026-01-01\n\n- More.\n",
        );
        git("commit", "--quiet", "--all", "--message", "Empty");
      },
      "9.8.7",
      () => true,
      /says nothing under "Unreleased"/,
    ],
  ];

  test.each(refusals)("refuses %s, and changes nothing", (_name, prepare, version, check, message) => {
    prepare();
    const before = [git("rev-parse", "HEAD"), git("status", "--porcelain"), git("tag")];
    expect(() => start(version, check)).toThrow(ReleaseError);
    expect(() => start(version, check)).toThrow(message);
    expect([git("rev-parse", "HEAD"), git("status", "--porcelain"), git("tag")]).toEqual(before);
  });
});

test("a file that is edited while the checks run is neither released nor lost", () => {
  const edited = join(folder, "CHANGELOG.md");
  const edit = (): boolean => {
    writeFileSync(edited, `${changelog}\nOne more line.\n`);
    return true;
  };
  expect(() => start("9.8.7", edit)).toThrow(/not committed:\n M CHANGELOG\.md/);
  expect(readFileSync(edited, "utf8")).toEndWith("One more line.\n");
  expect(git("log", "--format=%s")).toBe("Before");
});

test("versions are compared by number, and a candidate comes before its release", () => {
  const ordered = ["0.9.0", "0.10.0", "1.0.0-rc.1", "1.0.0-rc.2", "1.0.0", "1.0.1"];
  expect(ordered.toReversed().toSorted(compareVersions)).toEqual(ordered);
});
