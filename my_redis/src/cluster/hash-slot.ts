const openingBrace = 123;
const closingBrace = 125;
const slotMask = 16_383;

/** CRC-16/XMODEM (polynomial 0x1021), as Redis Cluster's specification asks for. */
const crcTable = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc & 0xffff;
});

function crc16(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0;
  for (let at = start; at < end; at++) {
    crc = ((crc << 8) & 0xffff) ^ (crcTable[(crc >>> 8) ^ (bytes[at] as number)] as number);
  }
  return crc;
}

/**
 * The hash slot of a key, bytes[start, end). Only the text between the first "{" and the next "}" counts, unless it is
 * empty. So users can put keys into one slot.
 */
export function hashSlot(bytes: Uint8Array, start: number, end: number): number {
  // Most keys have no brace, or have one within a few bytes: one pass handles both.
  let crc = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte === openingBrace) return taggedSlot(bytes, start, at, end);
    crc = ((crc << 8) & 0xffff) ^ (crcTable[(crc >>> 8) ^ byte] as number);
  }
  return crc & slotMask;
}

/** The slot of a key whose first brace stands at `open`. */
function taggedSlot(bytes: Uint8Array, start: number, open: number, end: number): number {
  let close = open + 1;
  while (close < end && bytes[close] !== closingBrace) close++;
  const isTagged = close < end && close > open + 1;
  return (isTagged ? crc16(bytes, open + 1, close) : crc16(bytes, start, end)) & slotMask;
}
