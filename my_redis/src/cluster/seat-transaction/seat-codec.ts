import { ByteReader, MessageFormatError } from "../message/byte-reader.ts";
import { ByteWriter } from "../message/byte-writer.ts";
import {
  outcomes,
  readOperations,
  readPart,
  readTaken,
  writeOperations,
  writePart,
  writeTaken,
} from "../transaction/transaction-codec.ts";
import type { SeatLogEntry } from "./seat-book.ts";
import type { Participants, SeatAnswer, SeatRequest } from "./seat-message.ts";

// Their places are in logs and on the wire: only ever add at the end.
const requestTypes: readonly SeatRequest["type"][] = ["prepare", "commit", "ask", "end", "forget"];
const answerTypes: readonly SeatAnswer["type"][] = [
  "prepared",
  "busy",
  "elsewhere",
  "refused",
  "decided",
  "undecided",
  "done",
];
const entryTypes: readonly SeatLogEntry["type"][] = ["prepared", "decided", "ended", "forgotten"];

function readParticipants(reader: ByteReader): Participants {
  const [home, ...others] = reader.texts();
  if (home === undefined) throw new MessageFormatError("a write has no participants");
  return [home, ...others];
}

export function encodeRequest(request: SeatRequest): Uint8Array {
  const writer = new ByteWriter().byte(requestTypes.indexOf(request.type)).text(request.seat);
  if (request.type === "forget") return writer.texts(request.ids).bytes;
  writer.text(request.id);
  if (request.type === "end") writer.byte(outcomes.indexOf(request.outcome));
  if (request.type === "prepare") {
    writer.texts(request.participants).uint32(request.database);
    writeOperations(writer, request.operations);
  }
  return writer.bytes;
}

/** Throws MessageFormatError. */
export function decodeRequest(bytes: Uint8Array): SeatRequest {
  const reader = new ByteReader(bytes);
  const type = reader.oneOf(requestTypes);
  const seat = reader.text();
  if (type === "forget") return { type, seat, ids: reader.texts() };
  const id = reader.text();
  if (type === "end") return { type, seat, id, outcome: reader.oneOf(outcomes) };
  if (type !== "prepare") return { type, seat, id };
  const participants = readParticipants(reader);
  const database = reader.uint32();
  return { type, seat, id, participants, database, operations: readOperations(reader) };
}

export function encodeAnswer(answer: SeatAnswer): Uint8Array {
  const writer = new ByteWriter().byte(answerTypes.indexOf(answer.type));
  if (answer.type === "refused") writer.text(answer.reason);
  if (answer.type === "decided") writer.byte(outcomes.indexOf(answer.outcome));
  if (answer.type === "prepared") {
    writer.uint32(answer.count);
    writeTaken(writer, answer.taken);
  }
  return writer.bytes;
}

/** Throws MessageFormatError. */
export function decodeAnswer(bytes: Uint8Array): SeatAnswer {
  const reader = new ByteReader(bytes);
  const type = reader.oneOf(answerTypes);
  if (type === "prepared") return { type, count: reader.uint32(), taken: readTaken(reader) };
  if (type === "refused") return { type, reason: reader.text() };
  if (type === "decided") return { type, outcome: reader.oneOf(outcomes) };
  return { type };
}

export function encodeEntry(entry: SeatLogEntry): Uint8Array {
  const writer = new ByteWriter().byte(entryTypes.indexOf(entry.type));
  if (entry.type === "forgotten") return writer.texts(entry.ids).bytes;
  writer.text(entry.id);
  if (entry.type === "ended") return writer.byte(outcomes.indexOf(entry.outcome)).bytes;
  writer.texts(entry.participants);
  if (entry.type === "prepared") writePart(writer, entry.part);
  return writer.bytes;
}

/** Throws MessageFormatError. */
export function decodeEntry(bytes: Uint8Array): SeatLogEntry {
  const reader = new ByteReader(bytes);
  const type = reader.oneOf(entryTypes);
  if (type === "forgotten") return { type, ids: reader.texts() };
  const id = reader.text();
  if (type === "ended") return { type, id, outcome: reader.oneOf(outcomes) };
  const participants = readParticipants(reader);
  return type === "decided" ? { type, id, participants } : { type, id, participants, part: readPart(reader) };
}
