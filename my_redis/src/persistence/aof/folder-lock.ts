import { spawnSync } from "node:child_process";
import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type CLibrary, openCLibrary } from "../../c-library.ts";

/** Another running server uses the log of this folder. */
export class FolderInUseError extends Error {}

export interface FolderLock {
  /** Why the folder could not be locked on this system, although nobody else holds the lock. */
  readonly missing: string | undefined;
  release(): void;
}

type Outcome = "locked" | "in use" | { readonly unsupported: string; readonly isMissing: boolean };

const lockExclusively = 2;
const withoutWaiting = 4;
/** The exit code of the program `flock` when another process holds the lock. */
const conflictExitCode = 1;

/**
 * Locks a folder for this process. Two servers that append to one log would leave a log that neither can load. The lock
 * is flock(2) on the file "lock", which the system removes with the process, however it ends. The file itself stays: to
 * remove it would let two processes lock two files of the same name. Its content, a process number, is for messages
 * only. Throws FolderInUseError, and the system's error when the file cannot be opened.
 */
export function lockFolder(folder: string): FolderLock {
  const path = join(folder, "lock");
  const descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o644);
  const outcome = lock(descriptor);
  if (outcome === "in use") {
    unlock(descriptor);
    const holder = readFileSync(path, "latin1").trim();
    const process = holder === "" ? "another process" : `process ${holder}`;
    throw new FolderInUseError(`${folder} is in use by ${process}: a log can be written by one server only`);
  }
  if (outcome === "locked") writeHolder(descriptor);
  const missing = outcome === "locked" ? undefined : outcome.unsupported;
  return { missing, release: () => unlock(descriptor) };
}

/**
 * Closes the lock file. That ends the lock even when the system reports an error, for example a network disk that is
 * full. Such an error concerns only the process number in the file, as in `writeHolder`.
 */
function unlock(descriptor: number): void {
  try {
    closeSync(descriptor);
  } catch {
    // The descriptor and the lock are gone. An error here would hide the reason for which the folder is given up.
  }
}

function lock(descriptor: number): Outcome {
  const asked = lockWithLibrary(descriptor);
  if (asked === "locked") return "locked";
  // The system's function does not tell a lock of another process from a file system without locks. The program does.
  const outcome = lockWithProgram(descriptor);
  // Without the program the lock counts as another's: two servers on one log would be worse than none.
  return asked === "refused" && typeof outcome === "object" && outcome.isMissing ? "in use" : outcome;
}

/** Bun can call the C library. */
function lockWithLibrary(descriptor: number): "locked" | "refused" | "impossible" {
  library ??= openCLibrary<{ flock: Flock }>({ flock: { args: ["int", "int"], returns: "int" } });
  if (library === undefined) return "impossible";
  return library.functions.flock(descriptor, lockExclusively | withoutWaiting) === 0 ? "locked" : "refused";
}

type Flock = (descriptor: number, operation: number) => number;
let library: CLibrary<{ flock: Flock }> | undefined;

/**
 * Node cannot call flock(2), but a lock belongs to the open file, which a child process shares: the program `flock`
 * locks the file that it inherits, and ends.
 */
function lockWithProgram(descriptor: number): Outcome {
  const { error, status } = spawnSync("flock", ["-n", "-x", "3"], {
    stdio: ["ignore", "ignore", "ignore", descriptor],
  });
  if (status === 0) return "locked";
  if (status === conflictExitCode) return "in use";
  const unsupported = error?.message ?? `the program flock ended with exit code ${status}`;
  return { unsupported, isMissing: error !== undefined };
}

function writeHolder(descriptor: number): void {
  try {
    ftruncateSync(descriptor);
    writeSync(descriptor, `${process.pid}\n`, 0);
  } catch {
    // On a full disk the lock holds all the same. Only the message to a second server lacks the number.
  }
}
