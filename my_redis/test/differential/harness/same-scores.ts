import { formatDouble, formatDouble17 } from "../../../src/values/double-text.ts";
import { type Comparer, encodeReply, type Reply } from "./reply.ts";

const numberWithFraction = /^-?\d+(\.\d+)?(e[+-]\d+)?$/;

/**
 * The same bytes, after each score of redis-server 7.0 (always 17 digits) is printed as 7.2 does (as few digits as
 * identify the double). The double itself must be equal to the last bit.
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
