import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { type FileWindow, RdbFileReader } from "./rdb-file-reader.ts";
import { RdbLoadError } from "./rdb-load.ts";

/** An open snapshot. However often it is read, it is the same file, also when another one has its name by then. */
export class RdbFile {
  readonly path: string;
  readonly #descriptor: number;

  /** Throws RdbLoadError. */
  constructor(path: string) {
    this.path = path;
    this.#descriptor = withReadErrors(path, () => openSync(path, "r"));
  }

  /** Reads from the beginning on. Throws RdbLoadError. */
  reader(window?: FileWindow): RdbFileReader {
    let at = 0;
    const read = (target: Uint8Array): number => {
      const bytes = readSync(this.#descriptor, target, 0, target.length, at);
      at += bytes;
      return bytes;
    };
    const size = withReadErrors(this.path, () => fstatSync(this.#descriptor).size);
    return new RdbFileReader(read, size, window);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** An error of the system becomes an RdbLoadError: the file may not be read, or is a folder. */
export function withReadErrors<Result>(path: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw new RdbLoadError(`${path} cannot be read: ${(error as Error).message}`);
  }
}
