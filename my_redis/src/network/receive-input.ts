import type { Arguments } from "../protocol/arguments.ts";
import type { Connection } from "./connection.ts";

/** Of one long argument, at most this much is read in one turn. A copy of it takes a fraction of a millisecond. */
const longArgumentBytes = 1024 * 1024;

/**
 * Reads a piece of a client's input and passes it to `feed`, which gives its parser so many bytes of `receivedBytes`. Of a
 * long argument several pieces are read: they have to be kept in any case, and with one piece for each turn a request of
 * megabytes would take hundreds of turns. False: nothing has come, or `feed` was false.
 */
export function receiveInput(connection: Connection, args: Arguments, feed: (size: number) => boolean): boolean {
  const { parser } = connection;
  for (let bytes = 0; bytes < longArgumentBytes;) {
    const size = connection.receive();
    if (size === 0) return bytes > 0;
    if (!feed(size)) return false;
    bytes += size;
    if (parser.missingBytes === 0 || !connection.hasMoreInput) return true;
    // `receivedBytes` is about to be written again.
    parser.keepRest(args);
  }
  return true;
}
