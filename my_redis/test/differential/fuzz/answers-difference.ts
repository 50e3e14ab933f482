import { type Comparer, comparerOf, sameBytes, sameElements } from "../harness/compare.ts";
import { showReply, type Reply } from "../harness/reply.ts";
import { showCommand, type Word } from "../harness/resp-connection.ts";
import { sameScores } from "../harness/same-scores.ts";
import { samePending } from "../stream-replies.ts";
import type { Answer } from "./fuzz-clients.ts";

/** The first answer in which two servers differ; undefined when there is none. */
export function answersDifference(ours: readonly Answer[], theirs: readonly Answer[]): string | undefined {
  /** The comparers of the commands that each client has queued in MULTI. */
  const queued = new Map<number, Comparer[]>();
  for (const [at, theirAnswer] of theirs.entries()) {
    const ourAnswer = ours[at];
    const { client, words } = theirAnswer;
    const [our, their] = [ourAnswer?.reply, theirAnswer.reply];
    if (their?.text === "QUEUED") queued.set(client, [...(queued.get(client) ?? []), comparerOfWords(words)]);
    const compare = isName(words, "EXEC") ? sameEach(queued.get(client) ?? []) : comparerOfWords(words);
    if (isName(words, "EXEC") || isName(words, "DISCARD")) queued.delete(client);
    if (our === undefined && their === undefined) continue;
    if (our !== undefined && their !== undefined && compare(our, their)) continue;
    const show = (reply: Reply | undefined): string => (reply === undefined ? "(waits)" : showReply(reply));
    return `answer ${at}: ${showCommand(words)}\n  MyRedis      ${show(our)}\n  redis-server ${show(their)}`;
  }
  return undefined;
}

const isName = (words: readonly Word[], name: string): boolean => String(words[0]).toUpperCase() === name;

/** The comparer of a command, or of the one that a script calls. */
function comparerOfWords(words: readonly Word[]): Comparer {
  if (isName(words, "EVAL") || isName(words, "EVAL_RO")) {
    const compare = comparerOfWords(words.slice(3));
    // A script turns a set into an array, and a map into one of other order.
    return (ours, theirs) => compare(ours, theirs) || sameElements(ours, theirs);
  }
  if (isName(words, "XPENDING")) return samePending;
  if (/^B?Z/i.test(String(words[0]))) return sameScores;
  return comparerOf(words);
}

/** Compares each element of the reply to EXEC like the reply to its command. */
const sameEach =
  (comparers: readonly Comparer[]): Comparer =>
  (ours, theirs) => {
    const [our, their] = [ours.items, theirs.items];
    if (!Array.isArray(our) || !Array.isArray(their) || our.length !== their.length) return sameBytes(ours, theirs);
    return their.every((reply: Reply, at) => (comparers[at] ?? sameBytes)(our[at] as Reply, reply));
  };
