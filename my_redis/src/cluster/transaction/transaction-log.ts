import type { LogExtension } from "../../persistence/aof/log-extension.ts";
import type { RecordBook } from "./record-book.ts";
import { decodeEntry, encodeEntry } from "./transaction-codec.ts";
import type { TransactionLogEntry } from "./transaction-record.ts";

const prefix = Buffer.from("my-redis-transaction:", "latin1");

/**
 * An entry as a command of the log: ECHO, which changes nothing where redis-server loads the log. MyRedis
 * takes the entry out of its argument.
 */
export function logCommandOf(entry: TransactionLogEntry): [string, Uint8Array] {
  return ["ECHO", Buffer.concat([prefix, encodeEntry(entry)])];
}

/** Keeps the book of transactions in the log. A prefix marks its entries. */
export function transactionLog(book: RecordBook, monotonicMs: () => number): LogExtension {
  return {
    load(args) {
      if (args.count !== 2 || !args.is(0, "echo")) return;
      const word = args.view(1);
      if (Buffer.compare(word.subarray(0, prefix.length), prefix) !== 0) return;
      book.apply(decodeEntry(word.subarray(prefix.length)), monotonicMs());
    },
    carryOver: () => book.snapshot().map(logCommandOf),
  };
}
