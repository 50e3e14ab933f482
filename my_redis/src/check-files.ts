import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildServer, type BuiltServer } from "./build-server.ts";
import { transactionLog } from "./cluster/transaction/transaction-log.ts";
import { type Environment, systemEnvironment } from "./environment.ts";
import { lockFolder } from "./persistence/aof/folder-lock.ts";
import { type LogFile, logFilesIn } from "./persistence/aof/log-files.ts";
import { LoadedIncrements } from "./persistence/aof/loaded-increments.ts";
import { LogNames } from "./persistence/aof/log-names.ts";
import { LogLoadError } from "./persistence/aof/log-load-error.ts";
import { loadLog } from "./persistence/aof/log-loader.ts";
import { cutWithCopy, refuseDamagedEnd, refuseOtherSize } from "./persistence/aof/log-tail.ts";
import { ManifestError } from "./persistence/aof/manifest-text.ts";
import { loadRdb, RdbLoadError } from "./persistence/rdb/rdb-loader.ts";
import { rdbTargetOf } from "./persistence/snapshot/rdb-target.ts";
import { Settings } from "./settings/settings.ts";

/** The command line of a check is wrong. */
export class CheckUsageError extends Error {}

const usage =
  "Usage: my-redis-server check-aof [--fix] [--databases N] <folder or file>\n" +
  "       my-redis-server check-rdb [--databases N] <snapshot>\n" +
  "N is 'databases' of the server's redis.conf, if it is not 16.";
const manyDatabases = "if redis.conf has a larger 'databases', give it with --databases N";

export const isFileCheck = ([first]: readonly string[]): boolean => first === "check-aof" || first === "check-rdb";

type Write = (line: string) => void;

/**
 * Checks the files of a log, or a snapshot, by loading them as a start would, into memory. Returns the exit code: 0 when
 * a server would load everything. Only `--fix` changes a file: it copies the damaged end of the last file of the log, and
 * removes it. Throws CheckUsageError, FolderInUseError, and the system's error.
 */
export function checkFiles(words: readonly string[], write: Write): number {
  const { what, path, fixes, databases } = readWords(words);
  if (!existsSync(path)) throw new CheckUsageError(`${path}: no such file or folder`);
  if (what === "check-rdb") return checkSnapshot(resolve(path), databases ?? 16, write);
  return checkLog(resolve(path), { fixes, databases }, write);
}

interface LogCheck {
  readonly fixes: boolean;
  /** Undefined when the command line does not say it. */
  readonly databases: number | undefined;
}

function readWords([what, ...words]: readonly string[]): LogCheck & { readonly what: string; readonly path: string } {
  try {
    const options = { fix: { type: "boolean" }, databases: { type: "string" } } as const;
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true });
    const [path, ...others] = positionals;
    const databases = values.databases === undefined ? undefined : Number(values.databases);
    const isNumber = databases === undefined || (Number.isInteger(databases) && databases >= 1);
    const fixes = values.fix === true;
    if (path !== undefined && others.length === 0 && isNumber && !(fixes && what === "check-rdb")) {
      return { what: what as string, path, fixes, databases };
    }
  } catch {
    // An unknown option.
  }
  throw new CheckUsageError(usage);
}

function bareServer(databases: number, write: Write): BuiltServer {
  const environment = systemEnvironment((_level, message) => write(message));
  const connect = (): Promise<never> => Promise.reject(new Error("a check connects to no server"));
  const options = { settings: new Settings({ databases }), environment, memory: true, connect, onCommand: undefined };
  return buildServer(options).server;
}

function checkSnapshot(path: string, databases: number, write: Write): number {
  try {
    const { keys } = loadRdb(rdbTargetOf(bareServer(databases, write)), path, { beforeLog: true, existing: "refuse" });
    write(`${path}: ${keys} keys, no damage`);
    return 0;
  } catch (error) {
    if (!(error instanceof RdbLoadError)) throw error;
    write(error.message);
    return 1;
  }
}

function checkLog(path: string, { fixes, databases }: LogCheck, write: Write): number {
  const lock = lockFolder(folderOf(path));
  try {
    const files = filesAt(path, write);
    if (files === undefined) return 1;
    const server = bareServer(databases ?? 16, write);
    const increments = new LoadedIncrements();
    let problems = 0;
    for (const file of files) {
      const problem = problemOf(server, file, increments, write);
      if (problem === undefined) continue;
      problems++;
      write(problem.message);
      if (problem.isDatabaseLimit && databases === undefined) {
        write(`Nothing was removed: ${manyDatabases}; otherwise --databases 16`);
        break;
      }
      if (!fixes || !fix(file, problem, write)) break;
      problems--;
    }
    return problems === 0 ? 0 : 1;
  } finally {
    lock.release();
  }
}

const isFolder = (path: string): boolean => statSync(path).isDirectory();

/** The folder of the log: the given one, the folder in a data folder, or that of the given file. */
function folderOf(path: string): string {
  if (!isFolder(path)) return dirname(path);
  const inside = join(path, "appendonlydir");
  return existsSync(inside) && isFolder(inside) ? inside : path;
}

/** The files to check. Undefined, after a message, when the manifest cannot be trusted. */
function filesAt(path: string, write: Write): readonly LogFile[] | undefined {
  if (!isFolder(path) && !path.endsWith(".manifest")) {
    return [fileOf(path)];
  }
  const { files, problem, found } = logFilesIn(folderOf(path));
  if (problem === undefined) return files;
  write(problem);
  write("Files of a log in this folder, with their bytes:");
  for (const { name, bytes } of found) write(`  ${name} ${bytes}`);
  return undefined;
}

/** One file by itself. If a manifest names it, it is judged as part of its log: to cut an earlier file would lose data. */
function fileOf(path: string): LogFile {
  const folder = dirname(resolve(path));
  const named = logFilesIn(folder).files.find((file) => resolve(file.path) === resolve(path));
  if (named !== undefined) return named;
  const hasManifest = readdirSync(folder).some((name) => name.endsWith(".manifest") && !name.startsWith("temp-"));
  return {
    path,
    isLast: !hasManifest,
    increment: undefined,
    bytes: undefined,
    names: new LogNames(dirname(path), basename(path)),
  };
}

/** What is wrong with a file, and how much of it can be kept. */
interface Problem {
  readonly message: string;
  /** Undefined for a snapshot, of which no part can be kept. */
  readonly goodBytes: number | undefined;
  /** It may be that only `databases` is too small. */
  readonly isDatabaseLimit: boolean;
  /** Bytes of an earlier file are missing, although they were there when this file was begun. */
  readonly isGap: boolean;
}

function problemOf(
  server: BuiltServer,
  { path, bytes, increment }: LogFile,
  increments: LoadedIncrements,
  write: Write,
): Problem | undefined {
  try {
    refuseOtherSize(path, bytes);
    const extension = transactionLog(server.parts.book, server.environment.monotonicMs);
    const loaded = server.execution.asLoading(() => loadLog(server, extension, path, increments));
    const { incomplete, goodBytes, commands, keys } = loaded;
    if (increment !== undefined) increments.add(increment, path, loaded);
    if (incomplete !== undefined) {
      refuseDamagedEnd(path, goodBytes, incomplete);
      const message = `${path}: the file ends in the middle of a command, after offset ${goodBytes}: its end was cut off`;
      return { message, goodBytes, isDatabaseLimit: false, isGap: false };
    }
    write(`${path}: ${keys} keys of a snapshot and ${commands} commands, no damage`);
    return undefined;
  } catch (error) {
    if (error instanceof LogLoadError) {
      const { message, goodBytes, isDatabaseLimit, isGap } = error;
      return { message, goodBytes, isDatabaseLimit, isGap };
    }
    if (!(error instanceof RdbLoadError || error instanceof ManifestError)) throw error;
    return { message: error.message, goodBytes: undefined, isDatabaseLimit: false, isGap: false };
  }
}

/** Whether the file is now as a start wants it. */
function fix({ path, isLast, names }: LogFile, { goodBytes, isGap }: Problem, write: Write): boolean {
  if (isGap) {
    write("What is missing is not the end of the log, so nothing can be removed: restore the file from a copy");
    return false;
  }
  if (goodBytes === undefined) write("A snapshot cannot be kept in part: restore it from a copy");
  else if (!isLast) write("It is not the last file of the log, so nothing can be removed: restore it from a copy");
  if (goodBytes === undefined || !isLast) return false;
  const removed = statSync(path).size - goodBytes;
  const report: Environment["report"] = (_level, message, error) => write(`${message}: ${String(error)}`);
  const copy = cutWithCopy(path, goodBytes, names, { report });
  write(`${path}: kept ${goodBytes} bytes. The ${removed} bytes after them were removed; a copy is in ${copy}`);
  return true;
}
