import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { Snapshot } from "../keyspace/snapshot.ts";
import type { Server } from "../server.ts";
import { compatibleVersion } from "../version.ts";
import { syncFile } from "./manifest.ts";
import { type Emit, RdbFileWriter } from "./rdb/rdb-file-writer.ts";

/** What a snapshot is for: a dump.rdb, or the base of an append-only log. */
export type SnapshotPurpose = "dump" | "base";

/** Begins an RDB file of the dataset as it is now. The snapshot is to be stepped to its end, then `writer.end` called. */
export function beginRdb(
  server: Server,
  purpose: SnapshotPurpose,
  emit: Emit,
): { readonly writer: RdbFileWriter; readonly snapshot: Snapshot } {
  const { rdbcompression, rdbchecksum } = server.settings.values;
  const writer = new RdbFileWriter(server.keyspace, { compresses: rdbcompression, checksums: rdbchecksum }, emit);
  writer.begin([
    ["redis-ver", compatibleVersion],
    ["redis-bits", "64"],
    ["ctime", String(Math.floor(server.environment.nowMs() / 1000))],
    ["used-mem", String(server.keyspace.heap.usedBytes)],
    ["aof-base", purpose === "base" ? "1" : "0"],
  ]);
  const snapshot = new Snapshot(server.keyspace, writer);
  for (const { number, size, expiring } of snapshot.databases) writer.size(number, size, expiring);
  return { writer, snapshot };
}

/** The name under which a snapshot grows beside its place. */
export const temporaryRdb = (path: string): string => join(dirname(path), `temp-${process.pid}.rdb`);

/**
 * Writes an RDB file while everybody waits: whole and on the disk, or not at all. Throws the system's error.
 */
export function saveRdb(server: Server, path: string): void {
  const temporary = temporaryRdb(path);
  const descriptor = openSync(temporary, "w");
  try {
    writeAll(server, descriptor);
    fsyncSync(descriptor);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
  syncFile(dirname(path));
}

function writeAll(server: Server, descriptor: number): void {
  const { writer, snapshot } = beginRdb(server, "dump", (bytes) => {
    for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done);
  });
  try {
    while (!snapshot.step(() => false));
    writer.end();
  } catch (error) {
    snapshot.drop();
    while (!snapshot.step(() => false));
    throw error;
  }
}
