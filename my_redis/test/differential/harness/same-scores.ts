import { formatDouble, formatDouble17 } from "../../../src/values/double-text.ts";
import { type Comparer, encodeReply, type Reply } from "./reply.ts";

const numberWithFraction = /^-?\d+(\.\d+)?(e[+-]\d+)?$/;

/**
 * The same bytes, once each score of redis-server 7.0 (always 17 digits) is put as 7.2 prints it (as few as tell the
 * double from all others). The double itself must be the same to the last bit.
 */
export const sameScores: Comparer = (ours, theirs) =>
  encodeReply(ours) === encodeReply(theirs) || encodeReply(ours) === encodeReply(shortened(theirs));

function shortened(reply: Reply): Reply {
  const { text, items } = reply;
  if (items !== undefined && items !== null) return { ...reply, items: items.map(shortened) };
  if (typeof text !== "string" || !numberWithFraction.test(text)) return reply;
  const value = Number(text);
  return formatDouble17(value) === text ? { ...reply, text: formatDouble(value) } : reply;
}
