/** The texts that name the version, each with another version in it. */

const heading = "## Unreleased";

/**
 * A package.json: its own version, and that of each package of ours that it depends on.
 *
 * @param names the packages that are released together
 */
export function packageWithVersion(text: string, names: readonly string[], version: string): string {
  const own = text.replace(/^( {2}"version": )"[^"]*"/m, `$1"${version}"`);
  return names.reduce((changed, name) => changed.replaceAll(dependencyOn(name), `$1"${version}"`), own);
}

const dependencyOn = (name: string): RegExp => new RegExp(`("${name}": )"\\d[^"]*"`, "g");

interface LockedPackage {
  version?: string;
  [field: string]: unknown;
}

/**
 * A package-lock.json: the versions of the workspaces, and of what they want of each other.
 *
 * @param folders the folders of the workspaces; "" stands for the root
 */
export function lockWithVersion(
  text: string,
  folders: readonly string[],
  names: readonly string[],
  version: string,
): string {
  const lock = JSON.parse(text) as { version?: string; packages: Record<string, LockedPackage> };
  lock.version = version;
  for (const folder of folders) {
    const locked = lock.packages[folder];
    if (locked === undefined)
      throw new Error(`package-lock.json does not have the workspace ${JSON.stringify(folder)}`);
    locked.version = version;
    for (const kind of ["dependencies", "devDependencies"]) {
      const wanted = locked[kind] as Record<string, string> | undefined;
      for (const name of names) if (wanted?.[name] !== undefined) wanted[name] = version;
    }
  }
  return `${JSON.stringify(lock, undefined, 2)}\n`;
}

/** The source file whose constant `version` the server tells its clients. */
export function sourceWithVersion(text: string, version: string): string {
  const changed = text.replace(/^(export const version = )"[^"]*"/m, `$1"${version}"`);
  if (!changed.includes(`"${version}"`)) throw new Error("the source file has no constant `version`");
  return changed;
}

/** The text under "Unreleased", without the spaces around it. */
export function unreleasedChanges(changelog: string): string {
  const [, after] = changelog.split(`${heading}\n`);
  if (after === undefined) throw new Error(`CHANGELOG.md has no section ${JSON.stringify(heading)}`);
  return (after.split(/^## /m)[0] as string).trim();
}

/**
 * The changelog after a release: what was unreleased stands under the version, below an empty section.
 *
 * @param date "2026-11-28"
 */
export function releasedChangelog(changelog: string, version: string, date: string): string {
  return changelog.replace(`${heading}\n`, `${heading}\n\n## ${version} - ${date}\n`);
}
