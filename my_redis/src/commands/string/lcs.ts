import { copyBytes } from "../../memory/copy-bytes.ts";
import { command } from "../../dispatch/command.ts";
import { keysFrom } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import { typeOf, valueType } from "../../memory/record.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError } from "../../protocol/command-error.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import {
  type CommonRun,
  longestCommonSubsequence,
  subsequenceTableBytes,
} from "../../values/longest-common-subsequence.ts";
import { stringView } from "../../collections/string-value.ts";
import { OptionReader } from "../options/option-reader.ts";

interface LcsOptions {
  lengthOnly: boolean;
  ranges: boolean;
  withLength: boolean;
  minLength: number;
}

export const lcs = command({
  name: "LCS",
  group: "string",
  since: "7.0.0",
  complexity: "O(N*M) with N and M being the lengths of the two strings",
  summary: "Finds the longest common subsequence of two strings.",
  syntax: "key1:key key2:key [LEN] [IDX] [MINMATCHLEN=len] [WITHMATCHLEN]",
  flags: ["readonly"],
  keys: keysFrom(1, "RO access", { last: 2 }),
  run(context, args, reply) {
    const first = readText(context, args, 1);
    const second = readText(context, args, 2);
    if (first === undefined || second === undefined) {
      throw new CommandError("ERR The specified keys must contain string values");
    }
    const options = readOptions(args);
    if (subsequenceTableBytes(first.length, second.length) > context.server.settings.values["proto-max-bulk-len"]) {
      throw new CommandError("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
    }
    const { length, runs } = longestCommonSubsequence(first, second);
    if (options.ranges) replyRanges(reply, length, runs, options);
    else if (options.lengthOnly) reply.integer(length);
    else replyText(reply, first, length, runs);
  },
});

/** The bytes at a key: none for a missing key, undefined for a value of another type. */
function readText({ database, keyspace: { heap } }: Context, args: Arguments, index: number): Uint8Array | undefined {
  const address = database.read(args, index);
  return address === 0 || typeOf(heap, address) === valueType.string ? stringView(heap, address) : undefined;
}

function readOptions(args: Arguments): LcsOptions {
  const found = { lengthOnly: false, ranges: false, withLength: false, minLength: 0 };
  const options = new OptionReader(args, 3);
  while (options.next()) {
    if (options.is("idx")) found.ranges = true;
    else if (options.is("len")) found.lengthOnly = true;
    else if (options.is("withmatchlen")) found.withLength = true;
    else if (options.is("minmatchlen", 1)) found.minLength = options.integer();
    else options.refuse();
  }
  if (found.lengthOnly && found.ranges) {
    throw new CommandError("ERR If you want both the length and indexes, please just use IDX.");
  }
  return found;
}

function replyRanges(reply: ReplyWriter, length: number, runs: readonly CommonRun[], options: LcsOptions): void {
  const shown = runs.filter((run) => run.length >= options.minLength);
  reply.map(2);
  reply.bulkText("matches");
  reply.array(shown.length);
  for (const run of shown) {
    reply.array(options.withLength ? 3 : 2);
    for (const start of [run.first, run.second]) {
      reply.array(2);
      reply.integer(start);
      reply.integer(start + run.length - 1);
    }
    if (options.withLength) reply.integer(run.length);
  }
  reply.bulkText("len");
  reply.integer(length);
}

function replyText(reply: ReplyWriter, first: Uint8Array, length: number, runs: readonly CommonRun[]): void {
  const text = new Uint8Array(length);
  let end = length;
  for (const run of runs) {
    end -= run.length;
    copyBytes(first, run.first, run.first + run.length, text, end);
  }
  reply.bulk(text);
}
