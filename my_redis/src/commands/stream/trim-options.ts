import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError } from "../../protocol/command-error.ts";
import { writeInteger } from "../../protocol/number-text.ts";
import type { Stream } from "../../values/stream/stream.ts";
import { maxIdBytes, StreamId } from "../../values/stream/stream-id.ts";
import { type Trim, trimStream } from "../../values/stream/trim.ts";
import { readStreamId } from "./stream-id-argument.ts";
import { OptionReader } from "../options/option-reader.ts";

/** The default LIMIT of an approximate trim, in blocks; in entries when node sizes are unlimited. */
const defaultLimitBlocks = 100;
const defaultLimitEntries = 10_000;
const largestDefaultLimit = 1_000_000;

const lowest = new StreamId();
const text = new Uint8Array(maxIdBytes);

/** MAXLEN or MINID with `=` or `~`, a threshold, and LIMIT: options of XADD and XTRIM. */
export class TrimOptions implements Trim {
  #strategy: "none" | "maxlen" | "minid" = "none";
  approximate = false;
  maxLength: number | undefined;
  minId = lowest;
  limit = -1;
  /** Position of the threshold among the arguments. */
  #threshold = 0;

  /** Resets all options for the next request. */
  clear(): void {
    this.#strategy = "none";
    this.approximate = false;
    this.maxLength = undefined;
    this.minId = lowest;
    this.limit = -1;
  }

  /** Reads the current option. Returns false when it is not one of these. */
  read(args: Arguments, options: OptionReader): boolean {
    if (options.is("maxlen", 1)) {
      this.#readThreshold(args, options, "maxlen");
    } else if (options.is("minid", 1)) {
      this.#readThreshold(args, options, "minid");
    } else if (options.is("limit", 1)) {
      this.limit = options.integer();
      if (this.limit < 0) throw new CommandError("ERR The LIMIT argument must be >= 0.");
    } else {
      return false;
    }
    return true;
  }

  #readThreshold(args: Arguments, options: OptionReader, strategy: "maxlen" | "minid"): void {
    if (this.#strategy !== "none") {
      throw new CommandError("ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
    }
    this.#strategy = strategy;
    let at = options.value();
    if (at + 1 < args.count && (args.is(at, "~") || args.is(at, "="))) {
      this.approximate = args.is(at, "~");
      at = options.value();
    }
    if (strategy === "maxlen") {
      this.maxLength = args.integer(at);
      if (this.maxLength < 0) throw new CommandError("ERR The MAXLEN argument must be >= 0.");
    } else {
      this.minId = new StreamId();
      readStreamId(args, at, this.minId);
    }
    this.#threshold = at;
  }

  /** Call this after all options were read. Throws when they contradict each other. */
  finish(context: Context, isRequired: boolean): void {
    if (this.limit > 0 && this.#strategy === "none") {
      throw new CommandError("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
    }
    if (isRequired && this.#strategy === "none") {
      throw new CommandError("ERR syntax error, XTRIM must be called with a trimming strategy");
    }
    // A logged trim states what was removed, so replaying it must not stop at a limit.
    if (context.client.repeats) {
      this.limit = 0;
    } else if (this.limit >= 0) {
      if (!this.approximate) {
        throw new CommandError("ERR syntax error, LIMIT cannot be used without the special ~ option");
      }
    } else {
      this.limit = this.approximate ? defaultLimit(context) : 0;
    }
  }

  /**
   * Trims and announces the change. The log gets the exact result of an approximate trim, because another machine might
   * cut elsewhere. Returns the number of entries removed. `counts`: whether each of them counts as a change.
   */
  apply(context: Context, args: Arguments, stream: Stream, counts: boolean): number {
    const removed = trimStream(stream, this);
    if (removed > 0) context.database.changed(args, 1, "xtrim", counts ? removed : 0);
    if (this.approximate && context.logs) {
      text[0] = 61;
      context.logReplacing(this.#threshold - 1, text, 0, 1);
      const end = this.#strategy === "maxlen" ? writeInteger(text, 0, stream.length) : firstKept(stream).write(text, 0);
      context.logReplacing(this.#threshold, text, 0, end);
    }
    return removed;
  }
}

const highest = new StreamId().setHighest();

/** The first id that is left; the highest possible id when the stream is empty. */
const firstKept = (stream: Stream): StreamId => (stream.length === 0 ? highest : stream.firstId);

function defaultLimit({ server }: Context): number {
  const perBlock = server.settings.values["stream-node-max-entries"];
  if (perBlock === 0) return defaultLimitEntries;
  return Math.min(perBlock * defaultLimitBlocks, largestDefaultLimit);
}
