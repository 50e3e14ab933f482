import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compareVersions, isVersion } from "./version-number.ts";
import {
  lockWithVersion,
  packageWithVersion,
  releasedChangelog,
  sourceWithVersion,
  unreleasedChanges,
} from "./version-texts.ts";

export interface ReleaseOptions {
  /** The repository. */
  readonly folder: string;
  readonly version: string;
  /** "2026-11-28" */
  readonly date: string;
  /** Whether the repository is fit to be released; says itself what is not. */
  readonly check: () => boolean;
}

/** Why there is no release. Nothing has been changed. */
export class ReleaseError extends Error {}

const versionSource = "my_redis/src/version.ts";

/** Gives all packages the version, and makes the commit and the tag of it. Neither pushes nor publishes. */
export function release({ folder, version, date, check }: ReleaseOptions): void {
  const git = (...args: string[]): string => run(folder, "git", args);
  const file = (path: string) => join(folder, path);
  const read = (path: string): string => readFileSync(file(path), "utf8");
  const root = JSON.parse(read("package.json")) as { version: string; workspaces: readonly string[] };

  if (!isVersion(version)) throw new ReleaseError(`a version looks like 1.2.3 or 1.2.3-rc.1, not like ${version}`);
  if (compareVersions(version, root.version) < 0) {
    throw new ReleaseError(`${version} comes before the current version, ${root.version}`);
  }
  const tag = `v${version}`;
  if (git("tag", "--list", tag) !== "") throw new ReleaseError(`there is a tag ${tag} already`);
  const changes = git("status", "--porcelain");
  if (changes !== "") throw new ReleaseError(`the tree has changes that are not committed:\n${changes}`);
  if (unreleasedChanges(read("CHANGELOG.md")) === "") {
    throw new ReleaseError('CHANGELOG.md says nothing under "Unreleased": what do users get?');
  }
  if (!check()) throw new ReleaseError("a check failed");

  const folders = ["", ...root.workspaces];
  const packages = folders.map((each) => join(each, "package.json"));
  const names = packages.map((path) => (JSON.parse(read(path)) as { name: string }).name);
  for (const path of packages) writeFileSync(file(path), packageWithVersion(read(path), names, version));
  writeFileSync(file("package-lock.json"), lockWithVersion(read("package-lock.json"), folders, names, version));
  writeFileSync(file(versionSource), sourceWithVersion(read(versionSource), version));
  writeFileSync(file("CHANGELOG.md"), releasedChangelog(read("CHANGELOG.md"), version, date));
  git("commit", "--quiet", "--all", "--message", `Release ${version}`);
  git("tag", "--annotate", tag, "--message", `Release ${version}`);
}

function run(cwd: string, program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} failed: ${stderr}`);
  return stdout.trimEnd();
}
