import type { Services } from "../../dispatch/context.ts";
import type { Cursor, MoveAsk } from "../agreement/move-message.ts";
import { nextChunk } from "../agreement/move-stream.ts";
import { hasStopped } from "../agreement/outgoing.ts";
import type { Position } from "../agreement/position.ts";
import type { Member } from "../agreement/ring-member.ts";
import type { Move } from "../agreement/slot-map.ts";
import type { Effect } from "./effect-tap.ts";
import { encodeAnswer, noAnswer } from "./move-codec.ts";
import { maxWaitingBytes, OutgoingCopy } from "./outgoing-copy.ts";
import { pauseAfterPart } from "./part-pause.ts";
import { flagsOf } from "./slot-flags.ts";

export interface MoveSourceOptions {
  readonly server: Services;
  readonly member: () => Member;
  readonly position: () => Position;
  /** Whether nothing is locked that goes with this move. */
  readonly mayStop: (move: Move) => boolean;
}

/** While writes follow, an answer has those of so long a time. */
const followPauseMs = 5;
/** A copy that has failed is not begun anew before a pause. Each one doubles it. */
const firstPauseMs = 1000;
const longestPauseMs = 60_000;

/** Answers the targets of the moves that take slots away from this seat. */
export class MoveSource {
  /** How often a target was so slow that its copy had to begin anew. */
  slowTargets = 0;
  readonly #options: MoveSourceOptions;
  readonly #copies = new Map<number, OutgoingCopy>();
  readonly #pauses = new Map<number, { readonly untilMs: number; readonly lengthMs: number }>();
  #lastNumber = 0;
  #nextPartMs = 0;

  constructor(options: MoveSourceOptions) {
    this.#options = options;
  }

  copyOf(move: number): OutgoingCopy | undefined {
    return this.#copies.get(move);
  }

  /** Other moves are under way now. */
  keepOnly(isUnderWay: (move: number) => boolean): void {
    for (const move of this.#copies.keys()) if (!isUnderWay(move)) this.#drop(move);
    for (const move of this.#pauses.keys()) if (!isUnderWay(move)) this.#pauses.delete(move);
  }

  #drop(move: number): void {
    this.#copies.get(move)?.end();
    this.#copies.delete(move);
  }

  changed(effect: Effect): void {
    for (const copy of this.#copies.values()) copy.changed(effect);
  }

  /** How long a question may wait: so that parts leave time for clients, and that not each write is a message. */
  waitMs(move: Move, { has }: MoveAsk): number {
    const { server } = this.#options;
    const copy = this.#copies.get(move.id);
    if (copy === undefined || copy.number !== has?.snapshot || copy.isVoid) return 0;
    if (copy.isAwaited) return 0;
    if (!has.isWhole) return Math.max(0, this.#nextPartMs - server.environment.monotonicMs());
    return copy.hasMuch || this.#hasEnded(move) ? 0 : followPauseMs;
  }

  /**
   * Whether nothing more comes of these slots. A primary that has taken over carries out no requests for them, but it may have
   * a write across seats from before.
   */
  #hasEnded(move: Move): boolean {
    const { mayStop, member } = this.#options;
    return hasStopped(member(), move.id) && mayStop(move);
  }

  /** What the target gets. Its question has been told to the agreement already. */
  answer(move: Move, ask: MoveAsk): Uint8Array {
    const { position } = this.#options;
    const at = position();
    const copy = this.#usableCopy(move.id, ask.has);
    const arrived = ask.acknowledged;
    if (copy !== undefined && arrived?.isWhole === true) copy.acknowledged(arrived.source.offset);
    const writes = ask.has?.isWhole === true ? copy?.writesAfter(ask.has.source.offset) : undefined;
    const next = nextChunk(ask, {
      position: at,
      snapshot: copy === undefined ? undefined : { number: copy.number, parts: Number.POSITIVE_INFINITY },
      writesFrom: writes === undefined ? Number.POSITIVE_INFINITY : 0,
    });
    switch (next.type) {
      case "snapshot":
        return this.#begin(move, ask);
      case "part":
        return this.#part(move, ask, copy as OutgoingCopy, next.part) ?? this.#begin(move, ask);
      case "writes": {
        const { bytes, isAll, offset } = writes!;
        const end = isAll && this.#hasEnded(move) ? ({ isFinal: true } as const) : {};
        const cursor = { ...(ask.has as Cursor), source: { epoch: at.epoch, offset }, ...end };
        return encodeAnswer({ chunk: chunkOf(move, ask, cursor, false), commands: bytes });
      }
    }
  }

  /** The copy that the target has a part of. One that cannot go on is dropped. */
  #usableCopy(move: number, has: Cursor | undefined): OutgoingCopy | undefined {
    const copy = this.#copies.get(move);
    if (copy?.isVoid === true) {
      this.#giveUp(move);
      return undefined;
    }
    return copy?.number === has?.snapshot ? copy : undefined;
  }

  #giveUp(move: number): void {
    const { environment } = this.#options.server;
    this.#copies.delete(move);
    this.slowTargets++;
    const lengthMs = Math.min(2 * (this.#pauses.get(move)?.lengthMs ?? firstPauseMs / 2), longestPauseMs);
    this.#pauses.set(move, { untilMs: environment.monotonicMs() + lengthMs, lengthMs });
    const text = `the target of move ${move} is too slow: more than ${maxWaitingBytes} bytes waited for it`;
    environment.report("warning", `${text}. Its copy begins anew in ${lengthMs} ms`);
  }

  #begin(move: Move, ask: MoveAsk): Uint8Array {
    const { member, server, position } = this.#options;
    const pause = this.#pauses.get(move.id);
    // Nobody serves slots that pass: their copy is not put off.
    const isUrgent = hasStopped(member(), move.id);
    if (!isUrgent && server.environment.monotonicMs() < (pause?.untilMs ?? 0)) return noAnswer;
    const slots = flagsOf(move.spans);
    const copy = new OutgoingCopy({ server, slots, number: ++this.#lastNumber, offset: () => position().offset });
    this.#drop(move.id);
    this.#copies.set(move.id, copy);
    return this.#part(move, ask, copy, 0) ?? noAnswer;
  }

  #part(move: Move, ask: MoveAsk, copy: OutgoingCopy, number: number): Uint8Array | undefined {
    const part = copy.part(number);
    if (part === undefined) return undefined;
    const { position, server } = this.#options;
    this.#nextPartMs =
      server.environment.monotonicMs() +
      pauseAfterPart(server.settings.values["cluster-move-pause"], copy.waitingBytes);
    const { epoch } = position();
    const cursor = {
      move: move.id,
      source: { epoch, offset: part.offset },
      snapshot: copy.number,
      parts: number + 1,
      isWhole: part.isLast,
    };
    const chunk = chunkOf(move, ask, cursor, number === 0);
    return encodeAnswer({ chunk, commands: part.commands });
  }

  /** This node is the primary anew: what it has begun before belongs to another epoch. */
  forget(): void {
    for (const copy of this.#copies.values()) copy.end();
    this.#copies.clear();
    this.#pauses.clear();
  }
}

const chunkOf = ({ id, attempt }: Move, { number }: MoveAsk, cursor: Cursor, isStart: boolean) => ({
  ...{ move: id, attempt, number, isStart },
  cursor,
});
