import { tryKinds, type UserTry, type Verdict } from "../authorizer.ts";
import type { Holding } from "../user-holdings.ts";
import { type FrameBody } from "./frame-body.ts";
import { frameTypes, PeerProtocolError } from "./frame-types.ts";
import type { FrameWriter } from "./frame-writer.ts";

const peekFlag = 0x40;
const reservationFlag = 0x80;
const kindMask = 0x3f;

export function writeQuestion(writer: FrameWriter, { kind, userId, reservation, isPeek }: UserTry): void {
  const flags = (isPeek === true ? peekFlag : 0) | (reservation === undefined ? 0 : reservationFlag);
  writer
    .begin(frameTypes.question)
    .byte(tryKinds.indexOf(kind) | flags)
    .text(userId);
  if (reservation !== undefined) {
    writer.text(reservation.productId).text(reservation.reservationId).number(reservation.epoch);
  }
  writer.end();
}

export function readQuestion(body: FrameBody): UserTry {
  const first = body.byte();
  const kind = tryKinds[first & kindMask];
  if (kind === undefined) throw new PeerProtocolError(`a question of kind ${first & kindMask}`);
  const userId = body.text();
  const isPeek = (first & peekFlag) !== 0;
  if ((first & reservationFlag) === 0) return { kind, userId, isPeek };
  const reservation = { productId: body.text(), reservationId: body.text(), epoch: body.number() };
  return { kind, userId, isPeek, reservation };
}

/** In the order of their codes. */
const verdictKinds = ["allowed", "limited", "banned", "held", "busy"] as const satisfies Verdict["kind"][];
const maxNumber = 0xff_ff_ff_ff;

export function writeAnswer(writer: FrameWriter, verdict: Verdict): void {
  const waitMs = "waitMs" in verdict ? verdict.waitMs : 0;
  const number = verdict.kind === "allowed" ? (verdict.counted ?? 0) : waitMs;
  writer
    .begin(frameTypes.answer)
    .byte(verdictKinds.indexOf(verdict.kind))
    .number(Math.min(Math.ceil(number), maxNumber))
    .end();
}

export function readAnswer(body: FrameBody): Verdict {
  const code = body.byte();
  const kind = verdictKinds[code];
  if (kind === undefined) throw new PeerProtocolError(`an answer with the code ${code}`);
  const number = body.number();
  return kind === "allowed" ? { kind, counted: number } : { kind, waitMs: number };
}

export function writeHolding(writer: FrameWriter, { userId, productId, reservationId, epoch }: Holding): void {
  writer.begin(frameTypes.holding).text(userId).text(productId).text(reservationId).number(epoch).end();
}

export function readHolding(body: FrameBody): Holding {
  return { userId: body.text(), productId: body.text(), reservationId: body.text(), epoch: body.number() };
}
