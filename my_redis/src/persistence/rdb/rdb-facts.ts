import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { latin1Of } from "../../memory/byte-range.ts";
import type { HistoryEnd, RingFacts, StreamPosition } from "../../dispatch/ports.ts";
import { ownWindow, RdbFileReader } from "./rdb-file-reader.ts";
import { RdbFormatError } from "./rdb-format-error.ts";
import { opcode, rdbMagic } from "./rdb-opcodes.ts";

/** What a snapshot says before its first key. */
export interface RdbFacts {
  /** Undefined where it does not say all of it. */
  readonly position: StreamPosition | undefined;
  /** Histories that the data goes on from. */
  readonly formerHistories: readonly HistoryEnd[];
  readonly isEmpty: boolean;
  /** The epoch of the data, on a ring with replicas; 0 for none. */
  readonly ringEpoch: number;
  /** What else belongs to the data of its place on the ring. */
  readonly ofRing: RingFacts;
}

/** Reads them. Of a file that is damaged or cannot be read nothing is said: whoever loads it learns why. */
export function readRdbFacts(path: string): RdbFacts {
  try {
    return readOpenFile(openSync(path, "r"));
  } catch (error) {
    const isOfSystem = (error as NodeJS.ErrnoException).code !== undefined;
    if (!isOfSystem && !(error instanceof RdbFormatError)) throw error;
    const ofRing = { moves: "", writes: "" };
    return { position: undefined, formerHistories: [], isEmpty: false, ringEpoch: 0, ofRing };
  }
}

function readOpenFile(descriptor: number): RdbFacts {
  try {
    const read = (window: Uint8Array): number => readSync(descriptor, window);
    const reader = new RdbFileReader(read, fstatSync(descriptor).size, ownWindow());
    reader.skip(rdbMagic.length + 4);
    return factsOf(reader);
  } finally {
    closeSync(descriptor);
  }
}

function factsOf(reader: RdbFileReader): RdbFacts {
  const facts = new Map<string, string>();
  for (;;) {
    reader.settle();
    const code = reader.byte();
    if (code === opcode.fact) facts.set(latin1Of(reader.string()), latin1Of(reader.string()));
    else if (code === opcode.function) reader.string();
    else if (code === opcode.database) reader.count();
    else if (code === opcode.size) {
      reader.count();
      reader.count();
    } else {
      const ofRing = { moves: facts.get("ring-moves") ?? "", writes: facts.get("ring-writes") ?? "" };
      const ringEpoch = ringEpochIn(facts);
      const formerHistories = formerIn(facts);
      return { position: positionIn(facts), formerHistories, isEmpty: code === opcode.end, ringEpoch, ofRing };
    }
  }
}

function positionIn(facts: ReadonlyMap<string, string>): StreamPosition | undefined {
  const id = facts.get("repl-id") ?? "";
  const offset = Number(facts.get("repl-offset") ?? -1);
  const database = Number(facts.get("repl-stream-db") ?? -1);
  const isWhole = /^[0-9a-f]{40}$/i.test(id) && Number.isSafeInteger(offset) && Number.isSafeInteger(database);
  return isWhole && offset >= 0 && database >= 0 ? { id, offset, database } : undefined;
}

function formerIn(facts: ReadonlyMap<string, string>): HistoryEnd[] {
  const ends = (facts.get("repl-former") ?? "").matchAll(/([0-9a-f]{40}):([0-9]{1,15})/g);
  return Array.from(ends, ([, id, offset]) => ({ id: id as string, offset: Number(offset) }));
}

function ringEpochIn(facts: ReadonlyMap<string, string>): number {
  const epoch = Number(facts.get("ring-epoch") ?? 0);
  return Number.isSafeInteger(epoch) && epoch > 0 ? epoch : 0;
}
