import type { LogWord } from "../../dispatch/log-target.ts";
import type { LogExtension } from "../../persistence/aof/log-extension.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import type { Position } from "../agreement/ring-message.ts";

const prefix = "my-redis-epoch:";
const annotationPrefix = "AT:";

/**
 * The epoch of this node's data: which primary, by the version of the table that appointed it, has put the data into
 * their order. A new primary writes its epoch before its first change, into its log and into the stream: as ECHO, which
 * changes nothing where redis-server reads it. So whoever has a change knows the epoch before it.
 */
export class DataEpoch implements LogExtension {
  epoch = 0;
  /** On a node that has just started: how far the log goes, as an offset of the stream. */
  loadedOffset = 0;
  /** Where the stream stands now; undefined on a node without replicas. */
  offset: (() => number) | undefined;

  /** The entry of the log, and of the stream, with which an epoch begins. */
  entry(epoch: number, offset: number): readonly LogWord[] {
    return ["ECHO", `${prefix}${epoch}:${offset}`];
  }

  /** What an entry says; undefined for anything else. */
  static read(args: Arguments): Position | undefined {
    if (args.count !== 2 || !args.is(0, "echo") || args.length(1) > 64) return undefined;
    const [, epoch, offset] = /^my-redis-epoch:(\d{1,15}):(\d{1,15})$/.exec(args.latin1(1)) ?? [];
    return epoch === undefined ? undefined : { epoch: Number(epoch), offset: Number(offset) };
  }

  load(args: Arguments): void {
    const entry = DataEpoch.read(args);
    if (entry === undefined) return;
    this.epoch = entry.epoch;
    this.loadedOffset = entry.offset;
  }

  /** An annotation of the log, without "#" and line end. */
  annotated(text: string): void {
    const offset = Number(text.startsWith(annotationPrefix) ? text.slice(annotationPrefix.length) : Number.NaN);
    if (Number.isSafeInteger(offset)) this.loadedOffset = offset;
  }

  /** What closes the bytes of a turn in the log: how far the stream is with them. Empty on a node without replicas. */
  closing(): string {
    return this.offset === undefined ? "" : `#${annotationPrefix}${this.offset()}\r\n`;
  }

  carryOver(): readonly (readonly LogWord[])[] {
    return this.epoch === 0 || this.offset === undefined ? [] : [this.entry(this.epoch, this.offset())];
  }
}
