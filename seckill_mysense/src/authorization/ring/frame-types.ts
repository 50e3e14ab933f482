/**
 * The messages between gateways. A frame is the length of what follows (four bytes, big endian), the type (one byte),
 * and the body. After the greeting frames come in records: the length of what follows, some frames, and the record's tag. `hello`, `greeting`, `welcome` and `members` carry JSON in one text; the others are packed, since there
 * is one of them for each request.
 */
export const frameTypes = {
  /** Listener to caller, first: its name and nonce, and the ids of the keys that it knows. */
  hello: 1,
  /** Caller to listener: its name and nonce, and the proof that it has one of those keys. */
  greeting: 2,
  /** Listener to caller: the proof that it has the key too. */
  welcome: 3,
  /** Listener to caller: the members that it can reach. */
  members: 4,
  /** Caller to listener, and back as it came. */
  ping: 5,
  /** Caller to listener: one try of one user. Answered in the order of the questions. */
  question: 6,
  answer: 7,
  /** Caller to listener, without an answer: the gate has accepted a reservation. */
  holding: 8,
  /** Caller to listener, without an answer: a user did what no honest client does. */
  failure: 9,
} as const;

export type FrameType = (typeof frameTypes)[keyof typeof frameTypes];

/** Larger than any honest frame: the names of 64 members, each of 260 characters. */
export const maxFrameBytes = 32_768;
/** A writer ends a record when it has become so long. */
export const fullRecordBytes = 16_384;
/** The longest record: one that was almost full, one more frame, and the tag. */
export const maxRecordBytes = 65_536;
/** Before its proof a stranger gets no more of this gateway's memory than this. */
export const maxGreetingBytes = 1_024;

/** The other side breaks the protocol, so the connection is closed. */
export class PeerProtocolError extends Error {
  override readonly name = "PeerProtocolError";
}
