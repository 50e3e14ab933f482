/** What a frame is for. Those of the node that opened the link come first, then those that answer it. */
export const frameKinds = {
  /** Requests of one client, as they came: the payload is what his connection would have sent. */
  relay: 1,
  /** The client went away. */
  endSession: 2,
  /** A message of the node's own; `info` is its kind, `id` counts them. */
  ask: 3,
  /** A sign of life; the payload is the sender's monotonic clock. */
  ping: 4,
  /** Whole replies for one client, in order. */
  replies: 5,
  answer: 6,
  pong: 7,
  /** The session was closed on the owner's side: its client must go. */
  sessionEnded: 8,
} as const;

/** What stands before the payload. */
export interface FrameHeader {
  kind: number;
  /** The client's RESP version in bits 0 and 1, and noTouch in bit 2; or the kind of a message. */
  info: number;
  /** The client, or the number of a message. */
  id: number;
  database: number;
}

/** length (4 bytes), kind, info, two unused, id (4), database (4); little endian. */
export const headerBytes = 16;
export const noTouchBit = 4;

export function writeHeader(bytes: Uint8Array, at: number, length: number, header: FrameHeader): void {
  write32(bytes, at, length);
  bytes[at + 4] = header.kind;
  bytes[at + 5] = header.info;
  bytes[at + 6] = 0;
  bytes[at + 7] = 0;
  write32(bytes, at + 8, header.id);
  write32(bytes, at + 12, header.database);
}

/** Reads the header at `at` into `header`, and gives the payload's length. */
export function readHeader(bytes: Uint8Array, at: number, header: FrameHeader): number {
  header.kind = bytes[at + 4] as number;
  header.info = bytes[at + 5] as number;
  header.id = read32(bytes, at + 8);
  header.database = read32(bytes, at + 12);
  return read32(bytes, at);
}

function write32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

const read32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)) >>>
  0;
