import type { LogWord } from "../../dispatch/log-target.ts";
import type { LogExtension } from "../../persistence/aof/log-extension.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { entriesOf, SeatBook, type SeatLogEntry } from "./seat-book.ts";
import { decodeEntry, encodeEntry } from "./seat-codec.ts";

const prefix = Buffer.from("my-redis-seat-write:", "latin1");

/**
 * The open writes across seats, as a part of this node's data: an entry of the log, of the stream for replicas (ECHO, which
 * changes nothing where redis-server reads it), and a fact of snapshots.
 */
export class OpenWrites implements LogExtension {
  readonly book = new SeatBook();

  /** Notes an entry, and gives it as it goes into the log. */
  note(entry: SeatLogEntry): [string, Uint8Array] {
    this.book.apply(entry);
    return wordsOf(entry);
  }

  /** Takes an entry of the log or the stream, and gives it as it goes on; undefined for anything else. Throws MessageFormatError. */
  take(args: Arguments): readonly LogWord[] | undefined {
    if (args.count !== 2 || !args.is(0, "echo")) return undefined;
    const word = args.view(1);
    if (Buffer.compare(word.subarray(0, prefix.length), prefix) !== 0) return undefined;
    return this.note(decodeEntry(word.subarray(prefix.length)));
  }

  load(args: Arguments): void {
    this.take(args);
  }

  carryOver(): readonly (readonly LogWord[])[] {
    return entriesOf(this.book.records.values()).map(wordsOf);
  }

  /** All of them, as a fact of a snapshot. */
  get text(): string {
    const entries = entriesOf(this.book.records.values()).map((entry) =>
      Buffer.from(encodeEntry(entry)).toString("base64"),
    );
    return entries.join(" ");
  }

  /** The data was replaced by that of a snapshot with this fact. Gives the entries for the difference. Throws MessageFormatError. */
  replace(text: string): readonly (readonly LogWord[])[] {
    const entries = text === "" ? [] : text.split(" ").map((each) => decodeEntry(Buffer.from(each, "base64")));
    const ids = [...this.book.records.keys()];
    const forgotten = ids.length === 0 ? [] : [this.note({ type: "forgotten", ids })];
    return [...forgotten, ...entries.map((entry) => this.note(entry))];
  }
}

const wordsOf = (entry: SeatLogEntry): [string, Uint8Array] => ["ECHO", Buffer.concat([prefix, encodeEntry(entry)])];
