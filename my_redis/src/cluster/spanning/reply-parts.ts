import { replyEnd } from "../../protocol/reply-end.ts";

const lineFeed = 10;

/** Reads a reply that is an integer. */
export function integerOf(reply: Uint8Array): number {
  return Number(Buffer.from(reply.subarray(1, reply.length - 2)).toString("latin1"));
}

/** The elements of an array, set or push, each as RESP. Throws when the reply is of another kind. */
export function elementsOf(reply: Uint8Array): Uint8Array[] {
  const sign = String.fromCharCode(reply[0] as number);
  if (!"*~>".includes(sign)) throw new Error(`a reply of type '${sign}' has no elements`);
  let at = reply.indexOf(lineFeed) + 1;
  const elements: Uint8Array[] = [];
  while (at < reply.length) {
    const end = replyEnd(reply, at, reply.length);
    if (end < 0) throw new Error("a reply is cut off");
    elements.push(reply.subarray(at, end));
    at = end;
  }
  return elements;
}

/** The text of a bulk string or status, one character per byte. */
export function textOf(reply: Uint8Array): string {
  const lineEnd = reply.indexOf(lineFeed) + 1;
  const isBulk = reply[0] === 36;
  return Buffer.from(isBulk ? reply.subarray(lineEnd, -2) : reply.subarray(1, -2)).toString("latin1");
}
