import type { MoveAsk, MoveChunk } from "../agreement/move-message.ts";

/** The question of a target. */
export interface MoveQuestion {
  /** The run of the primary that asks. */
  readonly run: number;
  readonly ask: MoveAsk;
}

/** The answer of a source: what the agreement says of it, and the keys and writes as commands. */
export interface MoveAnswer {
  readonly chunk: MoveChunk;
  readonly commands: Uint8Array;
}

const lengthBytes = 4;

export const encodeQuestion = (question: MoveQuestion): Uint8Array => Buffer.from(JSON.stringify(question), "utf8");

/** Undefined for anything else. */
export function decodeQuestion(bytes: Uint8Array): MoveQuestion | undefined {
  const question = parsed(bytes) as Partial<MoveQuestion> | undefined;
  const isWhole = typeof question?.run === "number" && typeof question.ask === "object";
  return isWhole ? (question as MoveQuestion) : undefined;
}

/** An answer that has nothing for the target. */
export const noAnswer = new Uint8Array(0);

export function encodeAnswer({ chunk, commands }: MoveAnswer): Uint8Array {
  const head = Buffer.from(JSON.stringify({ chunk }), "utf8");
  const bytes = Buffer.alloc(lengthBytes + head.length + commands.length);
  bytes.writeUInt32BE(head.length);
  bytes.set(head, lengthBytes);
  bytes.set(commands, lengthBytes + head.length);
  return bytes;
}

/** The commands are valid as long as the bytes are. Undefined for `noAnswer`, and for anything else. */
export function decodeAnswer(bytes: Uint8Array): MoveAnswer | undefined {
  if (bytes.length < lengthBytes) return undefined;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const headEnd = lengthBytes + view.readUInt32BE();
  const head = parsed(view.subarray(lengthBytes, headEnd)) as Partial<MoveAnswer> | undefined;
  if (typeof head?.chunk !== "object") return undefined;
  return { chunk: head.chunk, commands: view.subarray(headEnd) };
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}
