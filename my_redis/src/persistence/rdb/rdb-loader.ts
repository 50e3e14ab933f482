import { ValueBuilder } from "../../collections/value-builder.ts";
import type { Database } from "../../keyspace/database.ts";
import type { Address } from "../../memory/heap.ts";
import type { KeyspaceCore } from "../../keyspace/keyspace-core.ts";
import { copyBytes } from "../../memory/copy-bytes.ts";
import * as record from "../../memory/record.ts";
import { Arguments } from "../../protocol/arguments.ts";
import { type ByteRange, emptyRange, latin1Of } from "../../memory/byte-range.ts";
import { decodeValue } from "./decode-value.ts";
import { RdbFile, withReadErrors } from "./rdb-file.ts";
import { ownWindow, type RdbFileReader } from "./rdb-file-reader.ts";
import { EmptyCollectionError, RdbFormatError } from "./rdb-format-error.ts";
import { opcode, rdbMagic } from "./rdb-opcodes.ts";
import { newestVersion } from "./rdb-types.ts";
import { type RdbLoadOptions, RdbLoadError, type RdbLoadResult, type RdbLoadTarget } from "./rdb-load.ts";
import { RecordLoader } from "./record-loader.ts";
import { SeenKeys } from "./seen-keys.ts";

export { type RdbLoadOptions, RdbLoadError, type RdbLoadResult, type RdbLoadTarget } from "./rdb-load.ts";

/** Since this version, files end with a checksum. */
const firstVersionWithChecksum = 5;
/** Room that a file may ask for ahead of its keys. It is limited, because the number may be false. */
const maxReservedKeys = 1 << 24;

/** Reads a snapshot into a keyspace. Throws RdbLoadError with the offset of what is wrong. */
export function loadRdb(target: RdbLoadTarget, path: string, options: RdbLoadOptions): RdbLoadResult {
  const file = new RdbFile(path);
  try {
    return loadRdbFile(target, file, options);
  } finally {
    file.close();
  }
}

/** As `loadRdb`, from the beginning of an open file. */
export function loadRdbFile(target: RdbLoadTarget, file: RdbFile, options: RdbLoadOptions): RdbLoadResult {
  const load = (): RdbLoadResult => new RdbLoader(target, file.reader(), options).load(file.path);
  return withReadErrors(file.path, () => target.keyspace.heap.fill(load));
}

/**
 * Reads a snapshot in steps, between which clients are served. It reads key by key, which takes several times as long in
 * all: what reads many keys at once needs memory that others use, too. A large value is read in one step.
 */
export class SteppedRdbLoad {
  readonly #path: string;
  readonly #loader: RdbLoader;

  /** Throws RdbLoadError. */
  constructor(target: RdbLoadTarget, file: RdbFile, options: RdbLoadOptions) {
    this.#path = file.path;
    this.#loader = new RdbLoader(target, file.reader(ownWindow()), options);
  }

  /** Reads until all is read, or until `spent()`: then it gives undefined. Throws RdbLoadError. */
  step(spent: () => boolean): RdbLoadResult | undefined {
    return withReadErrors(this.#path, () => this.#loader.step(this.#path, spent));
  }
}

/** Facts about the next key that precede it in the file. */
interface KeyFacts {
  expiryMs: number | undefined;
  idleSeconds: number | undefined;
  frequency: number | undefined;
}

const repeatedKey = (key: string): RdbFormatError =>
  new RdbFormatError(`the key '${key.slice(0, 128)}' for the second time`);

class RdbLoader {
  readonly #target: RdbLoadTarget;
  readonly #reader: RdbFileReader;
  readonly #options: RdbLoadOptions;
  #database: Database;
  readonly #args = new Arguments();
  readonly #key = emptyRange();
  #keyBytes = new Uint8Array(256);
  readonly #builder: ValueBuilder;
  readonly #facts: KeyFacts = { expiryMs: undefined, idleSeconds: undefined, frequency: undefined };
  /** Of the format; 0 before it is read. */
  #version = 0;
  #valueOffset = 0;
  #keys = 0;
  #expired = 0;
  #empty = 0;
  /** The keys that were checked, where none is kept. */
  readonly #seen: SeenKeys | undefined;
  /** Loads many keys at a time. Undefined before the first key, and where keys may be there already. */
  #records: RecordLoader | undefined;

  constructor(target: RdbLoadTarget, reader: RdbFileReader, options: RdbLoadOptions) {
    this.#target = target;
    this.#reader = reader;
    this.#options = options;
    this.#database = target.databases[0] as Database;
    this.#seen = options.keeps === "nothing" ? new SeenKeys(target.keyspace.environment.random) : undefined;
    this.#builder = new ValueBuilder(this.#database, this.#args);
  }

  load(path: string): RdbLoadResult {
    return this.#naming(path, () => {
      this.#version = this.#readVersion();
      this.#readInto();
      return this.#end(path);
    });
  }

  /** Reads key by key until all is read, or until `spent()`: then it gives undefined. */
  step(path: string, spent: () => boolean): RdbLoadResult | undefined {
    return this.#naming(path, () => {
      if (this.#version === 0) this.#version = this.#readVersion();
      return this.#readAll(spent) ? this.#end(path) : undefined;
    });
  }

  /** Names the file, and the place of what is wrong. */
  #naming<Result>(path: string, read: () => Result): Result {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof RdbFormatError)) throw error;
      const problem = `${path}: bad at offset ${this.#valueOffset}: ${error.message}`;
      throw new RdbLoadError(problem, ". Nothing was changed. Restore the file from a copy");
    }
  }

  #end(path: string): RdbLoadResult {
    if (this.#version >= firstVersionWithChecksum) {
      this.#valueOffset = this.#reader.offset;
      this.#reader.checksum(this.#target.verifiesChecksum);
    }
    if (this.#empty > 0) this.#warn(`${path}: ${this.#empty} collections without elements were left out`);
    return {
      keys: this.#keys,
      expired: this.#expired,
      endOffset: this.#reader.offset,
    };
  }

  #warn(message: string): void {
    this.#target.warn(message);
  }

  #readVersion(): number {
    const version = latin1Of(this.#reader.raw(rdbMagic.length + 4));
    const number = Number(version.slice(rdbMagic.length));
    if (!version.startsWith(rdbMagic) || !Number.isInteger(number)) throw new RdbFormatError("no snapshot of Redis");
    if (number < 1 || number > newestVersion) {
      throw new RdbFormatError(`version ${number} of the format, where 1 to ${newestVersion} can be read`);
    }
    return number;
  }

  #readInto(): void {
    if (this.#options.existing === "refuse") {
      const { beforeLog } = this.#options;
      this.#records = new RecordLoader(this.#target.keyspace, beforeLog ? -1 : this.#target.nowMs);
      this.#reader.records = this.#records;
    }
    try {
      this.#readAll(() => false);
    } finally {
      this.#records?.close();
    }
  }

  /** False when `spent()` was true before the end. */
  #readAll(spent: () => boolean): boolean {
    while (!spent()) {
      this.#reader.settle();
      if (this.#readKeys()) continue;
      this.#valueOffset = this.#reader.offset;
      const type = this.#reader.byte();
      if (type === opcode.end) return true;
      if (type < opcode.slotInfo) this.#readKey(type);
      else this.#readFact(type);
    }
    return false;
  }

  /** Reads many keys at once; false when the next one has to be read by itself. */
  #readKeys(): boolean {
    const reader = this.#reader;
    const { expiryMs, idleSeconds, frequency } = this.#facts;
    const hasFacts = expiryMs !== undefined || idleSeconds !== undefined || frequency !== undefined;
    if (this.#records === undefined || hasFacts || !reader.isInKernel) return false;
    const keys = this.#records.keys(reader, this.#database, (place) => this.#refuseRepeated(place));
    this.#keys += keys;
    return keys > 0;
  }

  #refuseRepeated(place: number): never {
    const reader = this.#reader;
    reader.at = place;
    this.#valueOffset = reader.offset;
    if (reader.byte() === opcode.expiryMs) {
      reader.moment();
      this.#valueOffset = reader.offset;
      reader.byte();
    }
    throw repeatedKey(latin1Of(reader.string()));
  }

  #readFact(code: number): void {
    const reader = this.#reader;
    switch (code) {
      case opcode.database:
        this.#select(reader.count());
        return;
      case opcode.size:
        this.#reserve(reader.count(), reader.count());
        return;
      case opcode.expiryMs:
        this.#facts.expiryMs = reader.moment();
        return;
      case opcode.expirySeconds:
        this.#facts.expiryMs = (reader.littleEndian(4) | 0) * 1000;
        return;
      case opcode.idle:
        this.#facts.idleSeconds = reader.count();
        return;
      case opcode.frequency:
        this.#facts.frequency = reader.byte();
        return;
      case opcode.fact:
        reader.string();
        reader.string();
        return;
      case opcode.slotInfo:
        for (let number = 0; number < 3; number++) reader.count();
        return;
      case opcode.function:
        this.#skipFunction(reader.string());
        return;
      default:
        throw new RdbFormatError(code === opcode.moduleData ? "data of a module" : "functions of an old release");
    }
  }

  /** Functions are not supported yet. Calling one gives an error, but the other data can be used. */
  #skipFunction(code: ByteRange): void {
    const firstLine = latin1Of(code).split("\n", 1)[0] as string;
    this.#warn(`a library of functions in the snapshot is left out: '${firstLine.slice(0, 128)}'`);
  }

  #select(number: number): void {
    const { databases } = this.#target;
    const database = databases[number];
    if (database === undefined) {
      throw new RdbFormatError(`database ${number}, where 'databases ${databases.length}' allows less`);
    }
    this.#database = database;
  }

  #reserve(keys: number, expiring: number): void {
    if (this.#options.keeps === "nothing") return;
    const database = this.#database;
    if (keys > maxReservedKeys || keys > this.#reader.left || expiring > keys) return;
    database.keys.reserve(database.keys.size + keys);
    database.expires.reserve(database.expires.size + expiring);
  }

  #readKey(type: number): void {
    const { expiryMs } = this.#facts;
    const { bytes, start, end } = this.#keepKey(this.#reader.string(this.#key));
    const args = this.#args;
    args.reset(bytes);
    args.push(start, start);
    args.push(start, end);
    const database = this.#database;
    this.#builder.restart(database);
    if (database.find(bytes, start, end) !== 0) this.#makeRoom(database);
    try {
      decodeValue(type, this.#reader, this.#builder);
    } catch (error) {
      if (!(error instanceof EmptyCollectionError)) throw error;
      this.#empty++;
      database.delete(args, 1);
      this.#forgetFacts();
      return;
    }
    this.#finish(database, bytes, start, end, expiryMs);
    this.#forgetFacts();
  }

  /** Copies the key: large values take the memory in which it was read. */
  #keepKey({ bytes, start, end }: ByteRange): ByteRange {
    const length = end - start;
    if (length > this.#keyBytes.length) this.#keyBytes = new Uint8Array(length * 2);
    copyBytes(bytes, start, end, this.#keyBytes, 0);
    this.#key.bytes = this.#keyBytes;
    this.#key.start = 0;
    this.#key.end = length;
    return this.#key;
  }

  #makeRoom(database: Database): void {
    if (this.#options.existing === "refuse") {
      throw repeatedKey(this.#args.latin1(1));
    }
    database.delete(this.#args, 1);
  }

  #finish(database: Database, key: Uint8Array, start: number, end: number, expiryMs: number | undefined): void {
    const { idleSeconds, frequency } = this.#facts;
    this.#keys++;
    if (this.#seen !== undefined) {
      database.delete(this.#args, 1);
      if (!this.#seen.add(database.number, key, start, end)) throw repeatedKey(this.#args.latin1(1));
      return;
    }
    if (expiryMs === undefined && idleSeconds === undefined && frequency === undefined) return;
    let address = database.keys.find(database.keyspace.hasher.hash(key, start, end), key, start, end);
    if (expiryMs !== undefined && expiryMs <= this.#target.nowMs && !this.#options.beforeLog) {
      this.#keys--;
      this.#expired++;
      database.remove(address);
      return;
    }
    if (expiryMs !== undefined) address = database.setExpiry(address, expiryMs);
    this.#setUse(database.keyspace, address);
  }

  /** Sets the key's use, if the eviction policy needs what the file says. */
  #setUse({ accessClock, heap }: KeyspaceCore, address: Address): void {
    const { idleSeconds, frequency } = this.#facts;
    if (accessClock.countsAccesses) {
      if (frequency !== undefined) record.setAccessClock(heap, address, accessClock.countedAs(frequency));
    } else if (idleSeconds !== undefined) {
      record.setAccessClock(heap, address, accessClock.idleFor(idleSeconds));
    }
  }

  #forgetFacts(): void {
    this.#facts.expiryMs = undefined;
    this.#facts.idleSeconds = undefined;
    this.#facts.frequency = undefined;
  }
}
