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

/** Why there is no release. The repository is as it was before. */
export class ReleaseError extends Error {}

/** A program ended with an error; the message has what it wrote. */
class ProgramError extends Error {}

const versionSource = "my_redis/src/version.ts";
const releasedBranch = "main";

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
  const branch = git("branch", "--show-current");
  if (branch !== releasedBranch) {
    throw new ReleaseError(`releases are made on the branch ${releasedBranch}; this is ${branch || "no branch"}`);
  }
  for (const who of ["GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"]) {
    orNoRelease("git does not know who makes the commit", () => git("var", who));
  }
  const tag = `v${version}`;
  if (git("tag", "--list", tag) !== "") throw new ReleaseError(`there is a tag ${tag} already`);
  const refuseChanges = (): void => {
    const changes = git("status", "--porcelain");
    if (changes !== "") throw new ReleaseError(`the tree has changes that are not committed:\n${changes}`);
  };
  refuseChanges();
  if (unreleasedChanges(read("CHANGELOG.md")) === "") {
    throw new ReleaseError('CHANGELOG.md says nothing under "Unreleased": what do users get?');
  }
  if (!check()) throw new ReleaseError("a check failed");
  // Checks take a while, and a file may be edited meanwhile. Such an edit is neither released nor lost.
  refuseChanges();

  const folders = ["", ...root.workspaces];
  const packages = folders.map((each) => join(each, "package.json"));
  const names = packages.map((path) => (JSON.parse(read(path)) as { name: string }).name);
  const before = git("rev-parse", "HEAD");
  // All texts are made before the first one is written: making one may fail.
  const texts = [
    ...packages.map((path) => [path, packageWithVersion(read(path), names, version)] as const),
    ["package-lock.json", lockWithVersion(read("package-lock.json"), folders, names, version)] as const,
    [versionSource, sourceWithVersion(read(versionSource), version)] as const,
    ["CHANGELOG.md", releasedChangelog(read("CHANGELOG.md"), version, date)] as const,
  ];
  try {
    for (const [path, text] of texts) writeFileSync(file(path), text);
    orNoRelease("the commit failed", () => git("commit", "--quiet", "--all", "--message", `Release ${version}`));
    orNoRelease("the tag failed", () => git("tag", "--annotate", tag, "--message", `Release ${version}`));
  } catch (error) {
    // The tree had no changes of its own, so nothing but this release is lost.
    git("reset", "--quiet", "--hard", before);
    throw error;
  }
}

/** Throws ReleaseError with this reason, and what the program wrote, when a program fails. */
function orNoRelease(reason: string, step: () => void): void {
  try {
    step();
  } catch (error) {
    if (error instanceof ProgramError) throw new ReleaseError(`${reason}: ${error.message}`);
    throw error;
  }
}

function run(cwd: string, program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: "utf8" });
  if (status !== 0) throw new ProgramError(`${program} ${args.join(" ")} failed: ${stderr}`);
  return stdout.trimEnd();
}
