import { closeSync, fdatasyncSync, fsyncSync, openSync, renameSync } from "node:fs";
import { removeUnneeded } from "../../remove-unneeded.ts";
import { dirname } from "node:path";
import { Snapshot } from "../../keyspace/snapshot.ts";
import type { Services } from "../../dispatch/context.ts";
import { claims } from "../../version.ts";
import { CommandFileWriter } from "../aof/command-file-writer.ts";
import { syncFile } from "../replaced-file.ts";
import { type Emit, RdbFileWriter } from "../rdb/rdb-file-writer.ts";
import { freeTemporarySnapshot, temporarySnapshot } from "./temporary-snapshots.ts";
import { writeAll } from "../../write-all.ts";

/** After this many bytes the file is synced, so that a slow disk shows progress. */
const syncBytes = 32 * 1024 * 1024;

/** Purpose and form of a file: a dump.rdb, or the base of an append-only log as a snapshot or as commands. */
export type FileForm = "dump" | "base" | "commands";

/**
 * Begins a file of the present dataset. The caller steps the snapshot to its end and then calls `end`. `emit` takes the
 * bytes.
 */
export function beginFile(server: Services, form: FileForm, emit: Emit): { snapshot: Snapshot; end: () => void } {
  const { keyspace, settings } = server;
  const { rdbcompression: compresses, rdbchecksum: checksums } = settings.values;
  if (form === "commands") {
    const writer = new CommandFileWriter(keyspace, { compresses, checksums: settings.values["aof-checksum"] }, emit);
    return { snapshot: new Snapshot(keyspace, writer), end: () => writer.end() };
  }
  const policy = settings.values["maxmemory-policy"];
  const use = policy.endsWith("lru") ? "idle" : policy.endsWith("lfu") ? "frequency" : undefined;
  const writer = new RdbFileWriter(keyspace, { compresses, checksums, use }, emit);
  writer.begin([
    ["redis-ver", claims[settings.values.compatibility].redisVersion],
    ["redis-bits", "64"],
    ["ctime", String(Math.floor(server.environment.nowMs() / 1000))],
    ["used-mem", String(keyspace.heap.usedBytes)],
    ...(form === "dump" ? positionFacts(server) : []),
    ["aof-base", form === "base" ? "1" : "0"],
  ]);
  const snapshot = new Snapshot(keyspace, writer);
  for (const { number, size, expiring } of snapshot.databases) writer.size(number, size, expiring);
  return { snapshot, end: () => writer.end() };
}

/** With these, a server that starts with the file goes on with replication from where it stood. */
function positionFacts({ cluster, execution, replication }: Services): [name: string, value: string][] {
  // Half of a transaction is at no place of the stream.
  const position = execution.isAtRest ? replication?.mark() : undefined;
  if (position === undefined) return [];
  const facts: [name: string, value: string][] = [
    ["repl-stream-db", String(position.database)],
    ["repl-id", position.id],
    ["repl-offset", String(position.offset)],
  ];
  const former = replication?.formerHistories ?? [];
  if (former.length > 0) facts.push(["repl-former", former.map(({ id, offset }) => `${id}:${offset}`).join(" ")]);
  const { seat } = cluster ?? {};
  if (seat !== undefined) {
    const { moves, writes } = seat.facts;
    facts.push(["ring-epoch", String(seat.epoch)], ["ring-moves", moves], ["ring-writes", writes]);
  }
  return facts;
}

/** A file with the dataset cannot be written, because a script has run for long and is not over. */
export class ScriptHalfDoneError extends Error {
  constructor() {
    super("a script is half done");
  }
}

/**
 * Writes a file atomically and forces it to the disk, while every client waits. A running snapshot is completed first.
 * Throws the system's error, and ScriptHalfDoneError; then an older file is unchanged.
 */
export function writeFileNow(server: Services, path: string, form: FileForm): void {
  // The file would hold half of what the script changes. Such a server ends by a signal, or is closed.
  if (server.execution.scriptIsPaused) throw new ScriptHalfDoneError();
  const temporary = temporarySnapshot(path, "now");
  try {
    writeAs(server, temporary, path, form);
  } finally {
    freeTemporarySnapshot(temporary);
  }
  syncFile(dirname(path));
}

function writeAs(server: Services, temporary: string, path: string, form: FileForm): void {
  server.keyspace.completeSnapshot();
  const descriptor = openSync(temporary, "w");
  try {
    writeDataset(server, descriptor, form);
    fsyncSync(descriptor);
    renameSync(temporary, path);
  } catch (error) {
    removeUnneeded(server.environment, temporary);
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

function writeDataset(server: Services, descriptor: number, form: FileForm): void {
  let unsyncedBytes = 0;
  const { snapshot, end } = beginFile(server, form, (bytes) => {
    writeAll(descriptor, bytes);
    unsyncedBytes += bytes.length;
    if (unsyncedBytes < syncBytes) return;
    fdatasyncSync(descriptor);
    unsyncedBytes = 0;
    server.environment.progress();
  });
  while (!snapshot.step(() => false));
  if (snapshot.failure !== undefined) throw snapshot.failure;
  end();
}
