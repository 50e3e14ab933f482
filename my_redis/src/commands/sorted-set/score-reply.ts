import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { formatDouble } from "../../values/double-text.ts";

/** Writes a score: a double in RESP3, its text in RESP2. */
export function replyScore(reply: ReplyWriter, score: number): void {
  // Nearly all scores are whole numbers, which can be written without creating a string.
  if (reply.protocol === 2 && Number.isSafeInteger(score) && Math.abs(score) <= 2 ** 52 && !Object.is(score, -0)) {
    reply.bulkInteger(score);
  } else {
    reply.double(formatDouble(score));
  }
}

/** Begins an array of `count` members, each alone or with its score. */
export function replyMemberCount(reply: ReplyWriter, count: number, withScores: boolean): void {
  reply.array(withScores && reply.protocol === 2 ? count * 2 : count);
}

/** Writes one member of such an array. In RESP3 a member with its score is an array of two. */
export function replyMember(
  reply: ReplyWriter,
  bytes: Uint8Array,
  start: number,
  end: number,
  score: number,
  withScores: boolean,
): void {
  if (withScores && reply.protocol === 3) reply.array(2);
  reply.bulk(bytes, start, end);
  if (withScores) replyScore(reply, score);
}
