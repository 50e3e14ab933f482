import { ByteReader } from "../message/byte-reader.ts";
import { ByteWriter } from "../message/byte-writer.ts";
import type {
  Acceptance,
  Operation,
  OperationKind,
  Outcome,
  TakenValue,
  TransactionAnswer,
  TransactionRequest,
} from "./transaction-message.ts";
import type { PreparedPart, TransactionLogEntry } from "./transaction-record.ts";

// Their places are in logs and on the wire: only ever add at the end.
const operationKinds: readonly OperationKind[] = ["set", "set-absent", "delete", "take", "put", "put-absent"];
export const outcomes: readonly Outcome[] = ["forward", "back"];
const optionalOutcomes: readonly (Outcome | "none")[] = ["forward", "back", "none"];
const requestTypes: readonly TransactionRequest["type"][] = ["prepare", "accept", "promise", "decide", "forget"];
const answerTypes: readonly TransactionAnswer["type"][] = [
  "prepared",
  "busy",
  "refused",
  "accepted",
  "outbid",
  "promised",
  "done",
];
const entryTypes: readonly TransactionLogEntry["type"][] = [
  "prepared",
  "promised",
  "accepted",
  "finished",
  "forgotten",
];

/** Kind, expiry, and the lengths of key and value. */
const leastOperationBytes = 17;

export function writeOperations(writer: ByteWriter, operations: readonly Operation[]): void {
  writer.uint32(operations.length);
  for (const { kind, key, value, expiryMs } of operations) {
    writer.byte(operationKinds.indexOf(kind)).number(expiryMs).block(key).block(value);
  }
}

export function readOperations(reader: ByteReader): Operation[] {
  return Array.from({ length: reader.count(leastOperationBytes) }, () => {
    const kind = reader.oneOf(operationKinds);
    const expiryMs = reader.number();
    return { kind, key: reader.block(), value: reader.block(), expiryMs };
  });
}

export function writeTaken(writer: ByteWriter, taken: TakenValue | undefined): void {
  writer.byte(taken === undefined ? 0 : 1);
  if (taken !== undefined) writer.number(taken.expiryMs).block(taken.payload);
}

export function readTaken(reader: ByteReader): TakenValue | undefined {
  if (reader.byte() === 0) return undefined;
  const expiryMs = reader.number();
  return { expiryMs, payload: reader.block() };
}

function writeAcceptance(writer: ByteWriter, acceptance: Acceptance | undefined): void {
  writer.number(acceptance?.ballot ?? -1).byte(optionalOutcomes.indexOf(acceptance?.outcome ?? "none"));
}

function readAcceptance(reader: ByteReader): Acceptance | undefined {
  const ballot = reader.number();
  const outcome = reader.oneOf(optionalOutcomes);
  return outcome === "none" ? undefined : { ballot, outcome };
}

export function encodeRequest(request: TransactionRequest): Uint8Array {
  const writer = new ByteWriter().byte(requestTypes.indexOf(request.type));
  if (request.type === "forget") return writer.texts(request.ids).bytes;
  writer.text(request.id);
  writer.texts(request.participants);
  if (request.type === "prepare") {
    writer.uint32(request.database);
    writeOperations(writer, request.operations);
  } else {
    if (request.type !== "decide") writer.number(request.ballot);
    if (request.type !== "promise") writer.byte(outcomes.indexOf(request.outcome));
  }
  return writer.bytes;
}

/** Throws MessageFormatError. */
export function decodeRequest(bytes: Uint8Array): TransactionRequest {
  const reader = new ByteReader(bytes);
  const type = reader.oneOf(requestTypes);
  if (type === "forget") return { type, ids: reader.texts() };
  const id = reader.text();
  const participants = reader.texts();
  if (type === "prepare") {
    const database = reader.uint32();
    return { type, id, participants, database, operations: readOperations(reader) };
  }
  if (type === "decide") return { type, id, participants, outcome: reader.oneOf(outcomes) };
  const ballot = reader.number();
  if (type === "promise") return { type, id, participants, ballot };
  return { type, id, participants, ballot, outcome: reader.oneOf(outcomes) };
}

export function encodeAnswer(answer: TransactionAnswer): Uint8Array {
  const writer = new ByteWriter().byte(answerTypes.indexOf(answer.type));
  if (answer.type === "prepared") {
    writer.uint32(answer.count);
    writeTaken(writer, answer.taken);
  } else if (answer.type === "refused") {
    writer.text(answer.reason);
  } else if (answer.type === "outbid") {
    writer.number(answer.ballot);
  } else if (answer.type === "promised") {
    writeAcceptance(writer, answer.accepted);
    writer.byte(optionalOutcomes.indexOf(answer.outcome ?? "none"));
  }
  return writer.bytes;
}

/** Throws MessageFormatError. */
export function decodeAnswer(bytes: Uint8Array): TransactionAnswer {
  const reader = new ByteReader(bytes);
  const type = reader.oneOf(answerTypes);
  if (type === "prepared") return { type, count: reader.uint32(), taken: readTaken(reader) };
  if (type === "refused") return { type, reason: reader.text() };
  if (type === "outbid") return { type, ballot: reader.number() };
  if (type !== "promised") return { type };
  const accepted = readAcceptance(reader);
  const outcome = reader.oneOf(optionalOutcomes);
  return { type, accepted, outcome: outcome === "none" ? undefined : outcome };
}

export function writePart(writer: ByteWriter, { database, operations, count, bytes }: PreparedPart): void {
  writer.uint32(database).uint32(count).uint32(bytes);
  writeOperations(writer, operations);
  // Logs of earlier versions may have the value here that was handed over.
  writeTaken(writer, undefined);
}

export function readPart(reader: ByteReader): PreparedPart {
  const database = reader.uint32();
  const count = reader.uint32();
  const bytes = reader.uint32();
  const operations = readOperations(reader);
  readTaken(reader);
  return { database, count, bytes, operations };
}

export function encodeEntry(entry: TransactionLogEntry): Uint8Array {
  const writer = new ByteWriter().byte(entryTypes.indexOf(entry.type));
  if (entry.type === "forgotten") return writer.texts(entry.ids).bytes;
  writer.text(entry.id);
  if (entry.type === "finished") return writer.byte(outcomes.indexOf(entry.outcome)).bytes;
  writer.texts(entry.participants);
  if (entry.type === "prepared") writePart(writer, entry.part);
  else if (entry.type === "promised") writer.number(entry.ballot);
  else writeAcceptance(writer, entry.acceptance);
  return writer.bytes;
}

/** Throws MessageFormatError. */
export function decodeEntry(bytes: Uint8Array): TransactionLogEntry {
  const reader = new ByteReader(bytes);
  const type = reader.oneOf(entryTypes);
  if (type === "forgotten") return { type, ids: reader.texts() };
  const id = reader.text();
  if (type === "finished") return { type, id, outcome: reader.oneOf(outcomes) };
  const participants = reader.texts();
  if (type === "prepared") return { type, id, participants, part: readPart(reader) };
  if (type === "promised") return { type, id, participants, ballot: reader.number() };
  const ballot = reader.number();
  return { type, id, participants, acceptance: { ballot, outcome: reader.oneOf(outcomes) } };
}
