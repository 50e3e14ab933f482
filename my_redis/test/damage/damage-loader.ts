import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../../tools/test-services/index.ts";
import { startOpenServer, type OpenServer } from "../../src/start-server.ts";
import { digestOfAll } from "../../src/commands/server/debug/digest.ts";
import { LogFolder } from "../../src/persistence/aof/log-folder.ts";
import { LogLoadError } from "../../src/persistence/aof/log-load-error.ts";
import { ManifestError } from "../../src/persistence/aof/manifest-text.ts";
import { loadRdb, RdbLoadError } from "../../src/persistence/rdb/rdb-loader.ts";
import { rdbTargetOf } from "../../src/persistence/snapshot/rdb-target.ts";

const noExtension = { load: () => {}, carryOver: () => [] };
const refusals = [LogLoadError, ManifestError, RdbLoadError];

/** The outcome of a load: the digest of the data, or a refusal with its message. */
export type Outcome = { readonly digest: string } | { readonly refused: string };

/** Loads damaged files again and again into one server in this process, as a start would. */
export class DamageLoader {
  /** A folder on which the loads work. */
  readonly dir = temporaryFolder("damaged");
  readonly #server: OpenServer;

  private constructor(server: OpenServer) {
    this.#server = server;
    mkdirSync(this.folder);
  }

  static async open(): Promise<DamageLoader> {
    return new DamageLoader(await startOpenServer({ port: 0, memory: true }));
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  get folder(): string {
    return join(this.dir, "appendonlydir");
  }

  /** Loads the log in `folder`, and cleans up as a start does. */
  loadLog(): Outcome {
    return this.#load(() => {
      const folder = new LogFolder({
        folder: this.dir,
        logFolder: "appendonlydir",
        fileName: "appendonly.aof",
        syncPolicy: "no",
        loadTruncated: true,
        checksums: true,
      });
      try {
        folder.load(this.#server.server, noExtension);
        folder.removeLeftovers();
      } finally {
        folder.release();
      }
    });
  }

  loadSnapshot(path: string): Outcome {
    const { server } = this.#server;
    return this.#load(() => loadRdb(rdbTargetOf(server), path, { beforeLog: false, existing: "refuse" }));
  }

  #load(load: () => void): Outcome {
    const { server } = this.#server;
    for (const database of server.keyspace.databases) database.flush();
    try {
      load();
      return { digest: digestOfAll(server).toString() };
    } catch (error) {
      if (!refusals.some((kind) => error instanceof kind)) throw error;
      return { refused: (error as Error).message };
    }
  }
}

/** Bytes of a file of the log, together with those of its copies of what was cut off. */
export function keptBytes(path: string): Buffer {
  const kept = existsSync(path) ? [readFileSync(path)] : [];
  const folder = join(path, "..");
  for (const name of readdirSync(folder)) {
    if (join(folder, name).startsWith(`${path}.cut-`)) kept.push(readFileSync(join(folder, name)));
  }
  return Buffer.concat(kept);
}

/** Removes the copies that loads have made. */
export function removeCuts(folder: string): void {
  for (const name of readdirSync(folder)) if (name.includes(".cut-")) rmSync(join(folder, name));
}

/** Writes a file only if it differs in size or the bytes are wanted: most loads leave the other files alone. */
export function writeIfOther(path: string, bytes: Uint8Array): void {
  if (
    statSync(path, { throwIfNoEntry: false })?.size !== bytes.length ||
    Buffer.compare(readFileSync(path), bytes) !== 0
  ) {
    writeFileSync(path, bytes);
  }
}
