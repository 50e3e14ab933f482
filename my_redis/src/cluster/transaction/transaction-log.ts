import type { Arguments } from "../../protocol/arguments.ts";
import { type RecordBook, recordBookOf } from "./record-book.ts";
import { decodeEntry, encodeEntry } from "./transaction-codec.ts";
import type { TransactionLogEntry } from "./transaction-record.ts";

const prefix = Buffer.from("my-redis-transaction:", "latin1");

/**
 * An entry as a command of the log: ECHO, which changes nothing where redis-server loads the log. A server of ours
 * takes the entry out of its argument.
 */
export function logCommandOf(entry: TransactionLogEntry): [string, Uint8Array] {
  return ["ECHO", Buffer.concat([prefix, encodeEntry(entry)])];
}

/** Takes a command of a log that is loaded into the book; false when it is something else. Throws MessageFormatError. */
export function loadTransactionEntry(book: RecordBook, args: Arguments, nowMs: number): boolean {
  if (args.count !== 2 || !args.is(0, "echo")) return false;
  const word = args.view(1);
  if (Buffer.compare(word.subarray(0, prefix.length), prefix) !== 0) return false;
  book.apply(decodeEntry(word.subarray(prefix.length)), nowMs);
  return true;
}

/** What a log that is written anew has to say of the transactions that are not forgotten yet. */
export function openTransactionCommands(server: object): [string, Uint8Array][] {
  return recordBookOf(server).snapshot().map(logCommandOf);
}
