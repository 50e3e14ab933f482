import type { LogWord } from "../../dispatch/log-target.ts";
import type { LogExtension } from "../../persistence/aof/log-extension.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import type { Cursor } from "../agreement/move-message.ts";
import { isCursor } from "../failover/ring-message-codec.ts";

const prefix = "my-redis-move:";
const maxEntryBytes = 1024;

/** Ends a unit that removes keys of slots which are not of this seat any more. It says nothing about what is there. */
export const removalEntry: readonly LogWord[] = ["ECHO", `${prefix}{}`];

/** What an entry says: how much of a move is there, or that what is there counts no more. */
type CursorEntry = Cursor | { readonly move: number; readonly isVoid: true };

/**
 * How much this node's data has of the moves that come to its seat. It is a part of the data: an entry of the log, of the
 * stream for replicas (ECHO, which changes nothing where redis-server reads it), and a fact of snapshots.
 */
export class MoveCursors implements LogExtension {
  readonly #cursors = new Map<number, Cursor>();

  of(move: number): Cursor | undefined {
    return this.#cursors.get(move);
  }

  /** Notes a cursor, and gives the entry for it. */
  set(cursor: Cursor): readonly LogWord[] {
    this.#cursors.set(cursor.move, cursor);
    return entryOf(cursor);
  }

  /** What is there of this move counts no more. Gives the entry for that. */
  drop(move: number): readonly LogWord[] {
    this.#cursors.delete(move);
    return entryOf({ move, isVoid: true });
  }

  /** The entries that make all of them void. */
  dropAll(): readonly (readonly LogWord[])[] {
    return [...this.#cursors.keys()].map((move) => this.drop(move));
  }

  /** Moves that are over leave nothing here. */
  keepOnly(isUnderWay: (move: number) => boolean): void {
    for (const move of this.#cursors.keys()) if (!isUnderWay(move)) this.#cursors.delete(move);
  }

  /** Takes an entry of the log or the stream, and gives it as it goes on; undefined for anything else. */
  take(args: Arguments): readonly LogWord[] | undefined {
    if (!isOfMove(args)) return undefined;
    const entry = parsed(args.latin1(1).slice(prefix.length)) as CursorEntry | undefined;
    if (entry === undefined || !("move" in entry)) return undefined;
    return "isVoid" in entry ? this.drop(entry.move) : isCursor(entry) ? this.set(entry) : undefined;
  }

  load(args: Arguments): void {
    this.take(args);
  }

  carryOver(): readonly (readonly LogWord[])[] {
    return [...this.#cursors.values()].map(entryOf);
  }

  /** All of them, as a fact of a snapshot. */
  get text(): string {
    return JSON.stringify([...this.#cursors.values()]);
  }

  /** The data was replaced by that of a snapshot with this fact. Gives the entries for the difference. */
  replace(text: string): readonly (readonly LogWord[])[] {
    const given: unknown = parsed(text);
    const cursors = Array.isArray(given) ? (given.filter(isCursor) as Cursor[]) : [];
    return [...this.dropAll(), ...cursors.map((cursor) => this.set(cursor))];
  }
}

/** Whether this is the entry of a move. In the stream, what a move brings or removes is one unit with its entry. */
export const isOfMove = (args: Arguments): boolean =>
  args.count === 2 && args.is(0, "echo") && args.length(1) <= maxEntryBytes && args.latin1(1).startsWith(prefix);

const entryOf = (entry: CursorEntry): readonly LogWord[] => ["ECHO", prefix + JSON.stringify(entry)];

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
