import { readdirSync } from "node:fs";
import { join } from "node:path";
import { LogNames, sizeOf } from "./log-names.ts";
import { liveEntries, ManifestError } from "./manifest-text.ts";
import { readManifest } from "./manifest.ts";

/** One file of a log. */
export interface LogFile {
  readonly path: string;
  /** It is an increment, and no later file of the log holds data: only such a file may have been cut off by a crash. */
  readonly isLast: boolean;
  readonly names: LogNames;
  /** The number of an increment; undefined for a base. */
  readonly increment: number | undefined;
  /** The size that the manifest gives, if it gives one. */
  readonly bytes: number | undefined;
}

export interface LogFiles {
  /** In the order in which they are loaded. */
  readonly files: readonly LogFile[];
  /** Why the manifest cannot be trusted; undefined when it can. */
  readonly problem: string | undefined;
  /** All files in the folder that look like data of a log. */
  readonly found: readonly { readonly name: string; readonly bytes: number }[];
}

/** The files of the log in a folder, without any change. */
export function logFilesIn(folder: string): LogFiles {
  const names = readdirSync(folder);
  const found = names
    .filter((name) => /\.(?:aof|rdb)$/.test(name))
    .map((name) => ({ name, bytes: sizeOf(join(folder, name)) }));
  const manifests = names.filter((name) => name.endsWith(".manifest") && !name.startsWith("temp-"));
  const [manifest] = manifests;
  if (manifest === undefined || manifests.length > 1) {
    return { files: [], found, problem: `${folder} has ${manifests.length} manifests, where a log has one` };
  }
  const logNames = new LogNames(folder, manifest.slice(0, -".manifest".length));
  try {
    const live = liveEntries(readManifest(logNames)?.entries ?? []);
    const paths = live.map(({ file }) => join(folder, file));
    const files = live.map(({ bytes, sequence, type }, index) => ({
      increment: type === "i" ? sequence : undefined,
      path: paths[index] as string,
      bytes,
      names: logNames,
      isLast: type === "i" && paths.slice(index + 1).every((later) => sizeOf(later) === 0),
    }));
    return { files, found, problem: undefined };
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    return { files: [], found, problem: error.message };
  }
}
